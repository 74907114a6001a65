# grib: engine/format/src/grib2/error.rs. Offsets are bytes from the start of the file.
grib-no-message =
    .title = Not a GRIB2 file
    .detail = No GRIB message begins at byte { $offset }.
    .hint = Check that the file is one of the agency's (name ends in _grib2.bin) and was not changed or packed on the way.
grib-truncated =
    .title = The GRIB2 file ends too early
    .detail = At byte { $offset }, { $needed } bytes are needed, but only { $left } are left.
    .hint = The transfer was cut off. Fetch the file again.
grib-no-end =
    .title = The end of the GRIB2 message is missing
    .detail = The mark 7777 does not stand at byte { $offset }.
    .hint = The file is damaged. Fetch it again.
grib-section-order =
    .title = The sections of the GRIB2 message are out of order
    .detail = At byte { $offset }, section { $found } follows section { $after }.
    .hint = The file is damaged. Fetch it again.
grib-section-length =
    .title = A section of the GRIB2 message has a wrong length
    .detail = At byte { $offset }, section { $section } has { $found } bytes; its content needs { $expected }.
    .hint = The file is damaged, or its format has changed. Fetch it again; if that does not help, report the name of the product.
grib-unsupported =
    .title = This kind of GRIB2 data cannot be read
    .detail = At byte { $offset }: { $what ->
        [edition] GRIB edition { $found }; edition 2 is read.
        [grid-template] grid template 3.{ $found }; template 3.0 (latitude and longitude) is read.
        [irregular-rows] rows of different length; only equal rows are read.
        [basic-angle] angles in units of { $found }; microdegrees are read.
        [scanning-mode] scanning mode { $found }; mode 0 (from the north-west, row by row) is read.
        [product-template] product template 4.{ $found }; 4.0, 4.50000, 4.50008, 4.50009 and 4.50011 are read.
        [time-unit] unit of time { $found }; minutes, hours, days and seconds are read.
        [time-ranges] { $found } time ranges; one is read.
        [packing-template] packing 5.{ $found }; run-length packing 5.200 is read.
        [symbol-bits] { $found } bits for each value; 8 and 16 are read.
        [bitmap] a bitmap (indicator { $found }); fields without one (255) are read.
       *[other] { $what } { $found }.
    }
    .hint = Use the 1 km products of rain, soil water index or landslide risk. Other products are not read.
grib-time =
    .title = Impossible date and time in the GRIB2 file
    .detail = What stands at byte { $offset } is no date and time.
    .hint = The file is damaged. Fetch it again.
grib-interval =
    .title = The times of the rain total contradict each other
    .detail = At byte { $offset }, the interval ends at { $stated }; start and length give { $computed }.
    .hint = When the rain fell cannot be said, so the file is not used. Fetch it again; if that does not help, ask the sender.
grib-grid =
    .title = The grid of the GRIB2 file is impossible
    .detail = At byte { $offset }, { $columns } columns and { $rows } rows do not fit the corners of the grid.
    .hint = The file is damaged. Fetch it again.
grib-count =
    .title = The number of points contradicts the grid
    .detail = At byte { $offset } there are { $found } points; the grid has { $expected }.
    .hint = The file is damaged. Fetch it again.
grib-levels =
    .title = A level is not in the table of the file
    .detail = At byte { $offset }, level { $largest } is in use, but the table ends at { $table }.
    .hint = The file is damaged. Fetch it again.
grib-run-start =
    .title = The data of the GRIB2 file are damaged
    .detail = At byte { $offset }, a run length stands without a level.
    .hint = Fetch the file again.
grib-run-total =
    .title = The data do not fill the grid
    .detail = Up to byte { $offset }, the data describe { $found } points; the grid has { $expected }.
    .hint = The file is damaged or was cut off. Fetch it again.
grib-window =
    .title = The part asked for is not in the grid
    .detail = Rows { $rows } and columns { $columns } do not lie in a grid of { $shape }.
    .hint = Check the bounding box of the region.
grib-too-large =
    .title = The part asked for is too large
    .detail = { $cells } cells at once; at most { $most } are read.
    .hint = Read a smaller part: check the bounding box of the region.
grib-level-count =
    .title = The values do not fill the grid
    .detail = { $found } levels are to be written; the grid has { $expected } cells.
    .hint = Give one level for each cell, row by row from the north.
grib-level-unknown =
    .title = A level to be written is not in the table
    .detail = Level { $level } is to be written, but the table ends at { $table }.
    .hint = Give a table that has all levels.
grib-product =
    .title = The product cannot be written
    .detail = Template 4.{ $template }: { $part ->
        [template] interval and remarks are not those of this template.
        [message] discipline or reference time is not that of the message.
        [time] a time is not a whole number of minutes, or too long.
       *[other] { $part }.
    }
    .hint = Make the product with the functions for analysis and forecast, and write one file for each reference time.
