# verify
help-jomo-flood-verify = Score kept forecasts against readings: errors by lead, bands, chances, against persistence
help-jomo-flood-verify-archives = Folders of forecasts, or folders of such folders
help-jomo-flood-verify-readings = Table of readings (CSV), or a folder of them
help-jomo-flood-verify-gauges = Table of gauges with their levels (CSV)
help-jomo-flood-verify-out = A folder for scores.json and scores.csv

verify-compared = Up to { $levels } levels of a lead compared, from { $storms } storms. In brackets: 95 % intervals over whole storms. A gain above 0 means a smaller error than the other forecast.
verify-better = Better than persistence beyond chance at leads of { $leads } min.
verify-worse = Worse than persistence beyond chance at leads of { $leads } min.

verify-no-forecasts =
    .title = no forecast there
    .detail = { $path } holds no levels.csv.
    .hint = Name the folders that jomo flood forecast or replay has written, or the folder they are in.
verify-columns =
    .title = the table of forecast levels lacks columns
    .detail = Missing: { $missing }
    .hint = Use the levels.csv that jomo flood forecast has written.
verify-nothing =
    .title = nothing to compare
    .detail = None of { $forecasts } forecast levels is for a gauge and a time with a reading.
    .hint = Give readings of the hours after the forecasts, and the gauges that were forecast.
verify-row =
    .title = row of a forecast that cannot be read
    .detail = A row lacks a value, a quantile is below the one before it, or a chance is not between 0 and 1.
    .hint = Use the levels.csv as it was written.
verify-repeated =
    .title = forecast that is there twice
    .detail = The same gauge, reference time and valid time stand in another table; the first one counts.
    .hint = Name each archive once.
verify-gauge-unknown =
    .title = forecast for a gauge that is not in the table
    .detail = The gauge has no levels to compare with.
    .hint = Use the table of gauges that the forecast was made with.
