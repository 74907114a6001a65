# The sample region (fictional basin)

sample-cell-size =
    .title = The cell size does not fit
    .detail = Terrain cannot be made with cells of { $cell } m.
    .hint = Use 5, 10, 20, 40 or 80.
sample-recipe =
    .title = The built-in settings are damaged
    .detail = { $file }: { $reason }
    .hint = Build or install the program again.
sample-occupied =
    .title = The folder holds something else
    .detail = { $path } is not empty and holds no sample region.
    .hint = Name an empty folder, or one that does not exist yet.
sample-write =
    .title = Cannot write
    .detail = { $path } was not written: { $reason }
    .hint = Check the free space and the permission to write.
sample-reference-time =
    .title = The reference time is out of range
    .detail = No rain event fits around { $time }.
    .hint = Use a time before the year 9999.
sample-inner =
    .title = The sample region was not made
    .detail = { $reason }
    .hint = Try other settings, and tell the developers this sentence.
