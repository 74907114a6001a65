# Building and checking tiles

tile-layer-name =
    .title = A layer has no name
    .detail = Input { $source } (counted from 0) has no layer name.
    .hint = Give every input the name of its layer.

tile-zoom =
    .title = There is no such zoom
    .detail = Layer { $layer } asks for zoom { $zoom }; the last one is { $limit }.
    .hint = Ask for zooms up to { $limit }.

tile-too-many =
    .title = There are too many tiles
    .detail = At zoom { $zoom } the features cover more than { $limit } tiles.
    .hint = Look for a feature that a wrong coordinate has stretched, or lower the last zoom.

tile-encode =
    .title = A tile cannot be encoded
    .detail = Tile { $tile } cannot be encoded: { $reason }
    .hint = Put fewer features into one tile, or split the layer.

tile-compress =
    .title = A tile cannot be compressed
    .detail = Tile { $tile } cannot be compressed: { $reason }
    .hint = Check the free memory and run again.

tile-sink =
    .title = A tile cannot be written
    .detail = Tile { $tile } cannot be written: { $reason }
    .hint = Check space and permissions where the tiles go.

tile-rule-broken =
    .title = A tile breaks the specification
    .detail = Layer { $layer }, feature { $feature }: { $rule }
    .hint = Tell the developers, with the version of the program that made this tile.

# Shown as counts in the report of a build

tile-no-geometry =
    .title = Features without geometry (left out)

tile-bad-coordinate =
    .title = Features with a coordinate that is no number or not on the globe (left out)

tile-outside-world =
    .title = Features outside of the world of tiles (left out)

tile-short-line =
    .title = Line features shorter than a point at this zoom (left out)

tile-short-part =
    .title = Lines of a feature shorter than a point at this zoom (left out)

tile-short-drawn =
    .title = Lines shorter than a point at this zoom (drawn one unit long)

tile-collapsed =
    .title = Polygon features without area at this zoom (a square of one unit stands for each)

tile-small-part =
    .title = Polygons of a feature without area at this zoom (left out)

tile-small-hole =
    .title = Holes without area at this zoom (filled)

tile-bad-hole =
    .title = Holes that leave their shell or overlap (filled)

tile-bad-value =
    .title = Values that are no finite number (the value is left out)

tile-unreadable =
    .title = Tiles that cannot be decompressed
    .detail = Tile { $tile } cannot be decompressed: { $reason }
    .hint = Build the archive again.

tile-absent =
    .title = The archive does not have the tile
    .detail = There is no tile { $tile }.
    .hint = Without --tile the command tells the zooms and bounds of the archive.

tile-announced =
    .title = The archive announces too many tiles
    .detail = It announces { $tiles } tiles; { $limit } are looked at at most.
    .hint = Build the archive again, with a lower highest zoom.

tiles-built = archive { $path }: { $features } features in { $tiles } tiles, { $bytes } bytes
tiles-sound = { $path }: all { $tiles } tiles keep the specification
tiles-unsound = { $path }: { $faults } faults in { $tiles } tiles
tiles-compared = the same { $same }, changed { $changed }, gone { $gone }, new { $new }
