# Floods: engine/flood, pipelines/src/flood. Cells are rows and columns from 1, from the north-west.
help-jomo-flood-simulate = Compute the inundation of a case
help-jomo-flood-simulate-case = The case file (TOML)
help-jomo-flood-simulate-out = A folder for the result
help-jomo-flood-simulate-scheme = How fluxes are computed: hllc (all terms of the shallow-water equations) or inertial (without advection: faster, for slow flow over plains)
help-jomo-flood-simulate-order = Order in space and time: 1 or 2
help-jomo-flood-simulate-precision = Numbers to compute with: f32, or f64 to check
stage-flood = computing the flood
flood-done = computed: { $cells } cells, { $steps } steps, { $outputs } times of output, error of the volume { $error } ({ $folder })
flood-case-syntax =
    .title = cannot read the case file
    .detail = line { $line }: { $reason }
    .hint = Check the TOML (UTF-8). docs/guide/flood.md has an example.
flood-case-unknown-key =
    .title = the case file has a key that nobody reads
    .detail = line { $line }: `{ $key }` is not used.
    .hint = Did you mean: { $nearest }
flood-case-missing-key =
    .title = the case file lacks a key
    .detail = line { $line }: `{ $key }` is missing.
    .hint = Add it; docs/spec/flood-case.md lists all keys.
flood-case-value =
    .title = a value of the case file is not sound
    .detail = line { $line }: `{ $key }` = { $value }
    .hint = Accepted: { $expected }
flood-case-both =
    .title = keys that exclude each other
    .detail = line { $line }: of `{ $key }` only one may stand.
    .hint = Keep one of them.
flood-case-not-used =
    .title = a key that this kind does not take
    .detail = line { $line }: `{ $key }` is not used with “{ $kind }”.
    .hint = Remove the key, or change the kind.
flood-case-gauge =
    .title = two gauges of one id
    .detail = line { $line }: “{ $id }” is there already.
    .hint = Give each gauge an id of its own.
flood-case-beside =
    .title = a place beside the elevation model
    .detail = line { $line }: `{ $key }` = [{ $x }, { $y }]; the model reaches from { $west } to { $east } and from { $south } to { $north }.
    .hint = Give places in the CRS of the elevation model, easting first.
flood-case-no-ground =
    .title = a place without elevation
    .detail = line { $line }: `{ $key }` lies in row { $row }, column { $column } (from the north-west), where there is no elevation.
    .hint = Move it to where there is elevation, or fill the model.
flood-case-stretch =
    .title = a stretch without a cell of ground
    .detail = line { $line }: `{ $key }` from { $from } to { $to } m; the side is { $length } m long.
    .hint = `from` and `to` are metres from the northern end of the west and east sides, from the western end of the others. Let them hold the middle of a cell with an elevation.
flood-case-outputs =
    .title = too many outputs
    .detail = line { $line }: { $outputs } outputs are more than { $limit }.
    .hint = Raise output_every_s.
flood-case-ends-before =
    .title = the run ends before the saved state
    .detail = line { $line }: duration_s is { $duration } s, the saved state is of { $time } s.
    .hint = duration_s counts from the start of the first run; make it more than { $time } s.
flood-file-mismatch =
    .title = a raster that does not lie on the elevation model
    .detail = { $which ->
        [shape] Its columns x rows are { $own }, those of the elevation model { $dem } are { $other }.
        [cell] Its cells are { $own }, those of the elevation model { $dem } are { $other }.
        [origin] Its north-west corner is { $own }, that of the elevation model { $dem } is { $other }.
       *[crs] Its CRS is { $own }, that of the elevation model { $dem } is { $other }.
    }
    .hint = Bring it to the grid of the elevation model (gdalwarp -te and -ts).
flood-file-not-square =
    .title = cells that are not square
    .detail = They are { $width } wide and { $height } high.
    .hint = Make them equal with gdalwarp -tr.
flood-file-degrees =
    .title = the elevation model is in degrees
    .detail = EPSG:{ $epsg } is longitude and latitude; a planar CRS in metres is needed.
    .hint = Transform it, for Gunma to zone IX: gdalwarp -t_srs EPSG:6677 -tr 10 10
flood-file-bands =
    .title = a raster of several bands
    .detail = It has { $bands } bands instead of one.
    .hint = Take one with gdal_translate -b 1.
flood-file-header =
    .title = a series without its header
    .detail = Line 1 is “{ $row }”.
    .hint = Line 1 is time_s,value; seconds and values follow, with a comma between.
flood-file-row =
    .title = a row of a series that cannot be read
    .detail = line { $line }: “{ $row }” is not a time (s) and a value.
    .hint = Write two finite numbers with a comma between, and remove empty lines.
flood-file-order =
    .title = a series out of order
    .detail = line { $line }: { $time } s does not come after { $before } s.
    .hint = Sort by time, with one line for each time.
flood-file-range =
    .title = a value of a series out of its range
    .detail = line { $line }: { $value }. Accepted: { $expected }
    .hint = Check the unit and the digits. Where a number such as -9999 stands for a missing value, remove the line.
flood-file-no-rows =
    .title = a series without values
    .detail = There is no row below the header.
    .hint = Write rows of time and value.
flood-file-zone =
    .title = a CRS that gridded rain cannot be brought to
    .detail = The CRS of the elevation model is { $epsg ->
        [none] not stated
       *[other] EPSG:{ $epsg }
    }; a plane rectangular zone or UTM (EPSG 6669 to 6692) is needed.
    .hint = Transform with gdalwarp -t_srs EPSG:6677 or the like; where only the statement is missing, gdal_edit.py -a_srs adds it.
flood-file-no-rain =
    .title = cells without rain
    .detail = The hourly rain to { $time } is missing in { $cells } cells.
    .hint = Check what the grid of the rain covers, and the CRS of the elevation model.
flood-file-rain-gap =
    .title = a time without rain
    .detail = There is no rain from { $from } on; the run ends at { $end }.
    .hint = Check start; add the GRIB2 files that are missing to jma, or shorten duration_s.
flood-no-cells =
    .title = there are no cells
    .detail = The elevation model has { $columns } x { $rows } cells.
    .hint = Make the elevation model anew.
flood-cell-size =
    .title = the size of the cells is not sound
    .detail = Cells of { $size } m cannot be computed.
    .hint = Check the size of the cells of the elevation model.
flood-count =
    .title = a raster of another size
    .detail = { $what } has { $found } values, the elevation model { $columns } x { $rows } cells.
    .hint = Bring it to the grid of the elevation model.
flood-bed =
    .title = an impossible elevation
    .detail = row { $row }, column { $column } (from the north-west): { $value } m
    .hint = Elevations are within 9000 m of zero. Where a number such as -9999 stands for a cell without a value, declare it as no-data (gdal_edit.py -a_nodata -9999).
flood-all-outside =
    .title = there is no elevation at all
    .detail = None of { $columns } x { $rows } cells has a value.
    .hint = Check what was cut out, and the number for no-data.
flood-roughness =
    .title = Manning's n is not sound
    .detail = row { $row }, column { $column } (from the north-west): { $value }
    .hint = Give every cell with elevation a Manning's n from 0 to 10.
flood-start =
    .title = the water at the start is not sound
    .detail = row { $row }, column { $column } (from the north-west): { $what ->
        [depth] a depth
        [level] a level
       *[velocity] a velocity
    } of { $value }
    .hint = Depths go from 0 to 10,000 m, levels to 10,000 m above the bed, velocities to ±1,000 m/s.
flood-series =
    .title = a series is not sound
    .detail = { $what }: value { $row }
    .hint = Give finite numbers in the order of time.
flood-outside =
    .title = outside the domain
    .detail = { $what }: row { $row }, column { $column } (from the north-west)
    .hint = Give a place that has elevation.
flood-setting =
    .title = a setting is not sound
    .detail = { $what } = { $value }
    .hint = Accepted: { $expected }
flood-broken =
    .title = the computation broke down
    .detail = After { $time } s, at row { $row }, column { $column } (from the north-west), { $what ->
        [depth] the depth
        [bed] the bed
       *[other] the discharge
    } stopped being a number.
    .hint = Check the elevation around that cell, inflow and rain. If --precision f64 does the same, send us the case.
flood-stalled =
    .title = the computation stands still
    .detail = After { $time } s the step fell to { $step } s: at row { $row }, column { $column } (from the north-west) the flow is too fast.
    .hint = Check the elevation around that cell (pits and towers), inflow, levels and rain.
flood-saved =
    .title = the saved state cannot be used
    .detail = byte { $offset }: this does not match: { $expected }.
    .hint = Use a file that was saved with the same elevation model, roughness, number of rain zones, scheme, precision and depths of arrival and duration.
