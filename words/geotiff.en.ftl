# Reading and writing GeoTIFF

geotiff-io =
    .title = The raster could not be read or written
    .detail = { $action }: { $reason }
    .hint = Check that the disk has room and that the file may be read and written.
geotiff-unreadable =
    .title = Not a readable TIFF
    .detail = { $what } at byte { $offset }: expected { $expected }, found { $found }.
    .hint = Check that the file is complete, or fetch it again.
geotiff-unsupported =
    .title = This kind of TIFF is not supported
    .detail = { $what } is { $found }; { $expected } can be read.
    .hint = Convert the file with gdal_translate -co COMPRESS=DEFLATE, or bring it in with jomo-ingest raster.
geotiff-too-large =
    .title = The raster is too large
    .detail = { $columns } x { $rows } cells are more than the limit of { $limit }.
    .hint = Cut out the area you need, or use coarser cells.
geotiff-memory =
    .title = The raster needs too much memory
    .detail = { $what } of { $bytes } bytes is more than the limit of { $limit }.
    .hint = Convert the file to tiles with gdal_translate -co TILED=YES, or cut it into narrower parts.
geotiff-truncated =
    .title = The raster is incomplete
    .detail = { $columns } x { $rows } cells are declared, but { $bytes } bytes cannot hold as many.
    .hint = Check that the file is complete, or fetch it again.
geotiff-block =
    .title = A part of the raster is broken
    .detail = Block { $index }: expected { $expected } bytes, found { $found }.
    .hint = Fetch the file again, or have it made again.
geotiff-samples =
    .title = This type of value is not supported
    .detail = The values are { $found }; { $expected } wanted.
    .hint = Convert the values with gdal_translate -ot, and choose the band with -b.
geotiff-placement =
    .title = The place of the raster is unknown
    .detail = Tag { $tag } is missing or unusable: { $found }
    .hint = Convert to a GeoTIFF with north up and square cells (gdalwarp).
geotiff-not-north-up =
    .title = The raster is turned
    .detail = Its rows do not run from north to south: { $found }
    .hint = Bring it in with jomo-ingest raster, which turns it, or use gdalwarp.
geotiff-crs =
    .title = This coordinate system is not supported
    .detail = The coordinate system is { $found }; a plane rectangular zone or UTM of JGD2011 (EPSG:6669-6692) is needed.
    .hint = Convert to the planar system of the region with jomo-ingest raster --to-crs.
geotiff-outside =
    .title = Outside the raster
    .detail = { $what } { $found } is outside the raster of { $limit }.
    .hint = Choose a window, band or level that the raster has.
geotiff-cells =
    .title = The number of values is wrong
    .detail = { $expected } cells wanted, { $found } given.
    .hint = Please report this: it is a fault in the program.
geotiff-no-data =
    .title = This number cannot stand for no data
    .detail = { $value } is no { $sample }.
    .hint = Choose a number that the values can hold.
geotiff-grid =
    .title = Size and number of values do not agree
    .detail = { $reason }
    .hint = Make the file again.

# Bringing in rasters (jomo-ingest raster)

help-ingest-raster = Reads cells and writes a cloud-optimised GeoTIFF in a planar zone of JGD2011.
help-ingest-resampling = How values are made: nearest (classes), bilinear (heights, photographs), average (coarser cells). By default what suits the source.
help-ingest-cell-size-m = Edge of a cell of the result in metres. By default what suits the source.
help-ingest-nodata = The stored number for no data, over what the file says.
help-ingest-tile = Address z/x/y of an elevation tile, over its name.
ingest-raster-done = { $rows } x { $columns } cells of { $cell_size_m } m ({ $resampling }) written to { $file }.
raster-mesh =
    .title = An elevation mesh cannot be read
    .detail = { $name }: { $code ->
        [fgd-io] { fgd-io.detail }
        [fgd-xml] { fgd-xml.detail }
        [fgd-refused] { fgd-refused.detail }
        [fgd-missing] { fgd-missing.detail }
        [fgd-content] { fgd-content.detail }
        [fgd-second] { fgd-second.detail }
        [fgd-too-large] { fgd-too-large.detail }
        [fgd-too-many-values] { fgd-too-many-values.detail }
        [fgd-value] { fgd-value.detail }
        [fgd-cell] { fgd-cell.detail }
        [fgd-envelope] { fgd-envelope.detail }
       *[other] { $code }
    }
    .hint = Download this mesh again.
raster-mixed =
    .title = The meshes do not belong together
    .detail = { $name } is { $found }; the meshes before it are { $expected }.
    .hint = Put meshes of one size and one CRS into an archive.
raster-place =
    .title = The place of the raster is unknown
    .detail = { $name } does not say where it lies.
    .hint = Put its world file beside it and give --crs, or use a GeoTIFF. For an elevation tile give --tile z/x/y.
raster-samples =
    .title = This type of value is not supported
    .detail = The values are { $found }; { $expected } can be brought in.
    .hint = Convert the values with gdal_translate -ot.
raster-no-data =
    .title = No number stands for no data
    .detail = The { $sample } values leave no number for the places outside of the source.
    .hint = Give --nodata a number that is no value, such as 0 for classes.
raster-outside =
    .title = The raster lies outside the target
    .detail = No part of the source lies where the target can be.
    .hint = Check the CRS of the source (--crs) and the zone (--to-crs).
raster-size =
    .title = The result would be too large
    .detail = { $columns } x { $rows } = { $cells } cells are more than the limit of { $limit }.
    .hint = Set --cell-size-m to { $fits_m } or more, and check the CRS of the source.
raster-extent =
    .title = A cell would be larger than the raster
    .detail = Cells of { $cell_m } m are larger than the longer side of the source, { $extent_m } m.
    .hint = Choose a smaller --cell-size-m.
raster-coarse =
    .title = The cells are too coarse
    .detail = One cell covers { $cells } cells of the source.
    .hint = Choose finer cells with --cell-size-m.
raster-address =
    .title = This is no tile
    .detail = { $given } names no tile.
    .hint = Write --tile z/x/y, such as 14/14547/6463.
