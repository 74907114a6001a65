# gauge: tables of river gauges and readings, quality of readings. engine/format/src/gauge_csv.rs, engine/flood/src/gauge
gauge-csv-columns =
    .title = Columns of a gauge table are missing
    .detail = Missing: { $missing }. There are: { $columns }{ more-names }
    .hint = A table of gauges needs code, name and the levels (start_level, warn_level, flood_level or standby_level, caution_level, judgement_level, danger_level); one of readings code, obs_time, level.
gauge-id =
    .title = Unusable gauge code
    .detail = A code is 1 to 64 printable ASCII characters without spaces.
    .hint = Correct the column code.
gauge-id-repeated =
    .title = Two gauges with one code
    .detail = Every gauge needs a code of its own.
    .hint = Remove one of the rows, or correct its code.
gauge-level =
    .title = Not a level
    .detail = A level is a number from -4000 to 4000 m.
    .hint = Leave the cell empty instead of writing a number such as -9999.
gauge-levels-mixed =
    .title = Levels of both families in one row
    .detail = The levels of a gauge for times of danger (start, danger, overflow) and of a reference station (standby, caution, judgement, danger) mean different things and are never mixed.
    .hint = Keep the levels of one family, and say which in the column kind.
gauge-levels-none =
    .title = No levels
    .detail = None of the levels of the gauge is given.
    .hint = Give the start and the overflow level, or those of a reference station.
gauge-kind =
    .title = Unknown kind of gauge
    .detail = The kind is crisis (gauge for times of danger) or reference (reference station).
    .hint = Correct the column kind, or leave it empty.
gauge-datum =
    .title = Unknown datum
    .detail = The datum is tp (Tokyo Peil), zero (gauge zero) or overflow (the overflow level is 0).
    .hint = Correct the column datum, or leave it empty.
gauge-interval =
    .title = Impossible interval
    .detail = The interval is a whole number of minutes from 1 to 1440.
    .hint = Correct the column interval_min, or leave it empty.
gauge-feed =
    .title = the name of what brings a gauge's reports is not right
    .detail = A name is 1 to 64 printable ASCII characters without spaces.
    .hint = Mend the column feed, or leave it empty.
gauge-level-number =
    .title = A level is not a number
    .detail = { $level ->
        [start] start level
        [danger] danger level
        [overflow] overflow level
        [standby] standby level
        [caution] flood caution level
        [judgement] evacuation judgement level
       *[other] flood danger level
    }: { $value } m
    .hint = Correct the register of gauges.
gauge-level-order =
    .title = Levels out of order
    .detail = The { $upper ->
        [start] start level
        [danger] danger level
        [overflow] overflow level
        [standby] standby level
        [caution] flood caution level
        [judgement] evacuation judgement level
       *[other] flood danger level
    } ({ $upper-value } m) must be above the { $lower ->
        [start] start level
        [danger] danger level
        [overflow] overflow level
        [standby] standby level
        [caution] flood caution level
        [judgement] evacuation judgement level
       *[other] flood danger level
    } ({ $lower-value } m).
    .hint = Check the register of gauges.
gauge-reading-order =
    .title = Readings out of order, or not a number
    .detail = Reading { $row }
    .hint = Sort the readings by time, one per instant.
reading-time =
    .title = Unreadable time
    .detail = A time with an offset is expected, e.g. 2025-09-19T00:50:00+09:00.
    .hint = Correct the column obs_time.
reading-level =
    .title = Unreadable level
    .detail = A level is a number from -4000 to 4000 m.
    .hint = Remove rows of missing values.
reading-over =
    .title = Unknown mark
    .detail = The mark is 1 (start level reached), 11 (danger level), 111 (overflow level), or empty.
    .hint = Correct the column over, or leave it empty.
reading-repeated =
    .title = A reading is there twice
    .detail = Gauge, time and level are those of an earlier row.
    .hint = Remove the repeated row.
reading-contradicts =
    .title = Two levels at one instant
    .detail = The level of the earlier row is used, this one is not.
    .hint = Find out which one is right.
reading-unreadable =
    .title = Gauges that report levels that cannot be read (the level now is not known)
    .detail = The newest report of the gauge holds no number, say beyond its range.
    .hint = Check the gauge by camera or by people there; it may be a high level.
reading-too-high =
    .title = Readings far above the overflow level (to be confirmed)
    .detail = The level is far above the overflow level (reference station: above its highest level).
    .hint = Check camera, neighbouring gauges and rain. The level is shown as observed, and used unless something else speaks against it.
reading-too-low =
    .title = Readings too low (not used in the forecast)
    .detail = The level is far below the lowest level of the gauge.
    .hint = Check the datum and the register.
reading-rate =
    .title = Readings that change too fast (not used in the forecast)
    .detail = The difference from a neighbouring reading is more than water does.
    .hint = Check camera, neighbouring gauges and rain.
reading-stuck =
    .title = Readings that have not moved for a day (not used in the forecast)
    .detail = The value has been the same for a day or more.
    .hint = Have the gauge inspected.
reading-apart =
    .title = Readings that stand apart from the start level (not used in the forecast)
    .detail = It began without rising from the start level and ended without falling to it: the datum may have shifted, or the register may be wrong.
    .hint = Check datum, start level and the water on site.
reading-erratic =
    .title = Erratic readings (not used in the forecast)
    .detail = It goes up and down widely from reading to reading.
    .hint = Check for obstacles and waves in front of the sensor.
reading-alone =
    .title = High readings that nothing supports (to be confirmed; not used in the forecast)
    .detail = The water was not seen to rise there, and no other gauge stands high.
    .hint = Check camera, nearby gauges and rain. Until then it is not used for the forecast.
gauge-not-fictional =
    .title = A gauge not labelled as invented is not used for an invented region
    .detail = Row { $row } of the table of gauges (1 is the one after the header): { $id } { $name }. Its name is without “{ $label }”. A forecast made of real levels and published as invented may break the law on weather services.
    .hint = If the gauge is invented, add “（{ $label }）” to its name in the column name. If the region is real, remove fictional from its region.toml.
