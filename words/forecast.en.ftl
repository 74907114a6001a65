# Forecasts of rivers: jomo flood prepare, forecast, watch, replay.
forecast-region-key =
    .title = the region file lacks a key
    .detail = `{ $key }` is missing.
    .hint = Add it; docs/guide/river.md shows a region with all keys.
forecast-stream-area =
    .title = the area at which a stream begins does not fit the elevation model
    .detail = rivers.stream_km2 = { $area } is { $cells } cells of { $size } m.
    .hint = Give an area of at least one cell.
help-jomo-flood-prepare = Prepare the basin of a region for forecasts: streams, slopes, banks
help-jomo-flood-prepare-region = Region file, or the folder it is in
help-jomo-flood-prepare-out = A folder for the basin; by default the one that the region file names
stage-terrain = finding streams and banks
reading-without-gauge =
    .title = readings of a gauge that the table of gauges does not have
    .detail = The places given are the codes of their gauges.
    .hint = Add the gauge to the table, or leave its readings out.
