# runoff: parameters of basins for the storage function method. engine/format/src/storage_csv.rs
storage-csv-columns =
    .title = Columns of a table of basins are missing
    .detail = Missing: { $missing }. There are: { $columns }{ more-names }
    .hint = A table for the storage function method needs code, area_km2, k, p, lag_h, f1 and rsa_mm; base_flow_m3_s may be there.
storage-code =
    .title = Unusable basin code
    .detail = A code is 1 to 64 printable ASCII characters without spaces.
    .hint = Correct the column code.
storage-code-repeated =
    .title = Two basins with one code
    .detail = Every basin needs a code of its own.
    .hint = Remove one of the rows, or correct its code.
storage-number =
    .title = A parameter of a basin is missing or out of its range
    .detail = area_km2 is above 0, k above 0, p 0.1 to 1, lag_h 0 to 240, f1 0 to 1, rsa_mm and base_flow_m3_s 0 or more.
    .hint = Correct the row; k is that of S = K q^p with S in mm and q in mm/h.
