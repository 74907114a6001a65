# runoff: 貯留関数法の流域定数の表。engine/format/src/storage_csv.rs
storage-csv-columns =
    .title = 流域定数の表に必要な列がありません
    .detail = ない列: { $missing }。ある列: { $columns }{ more-names }
    .hint = 貯留関数法の表には code、area_km2、k、p、lag_h、f1、rsa_mm の列が必要です。base_flow_m3_s はあれば読みます。
storage-code =
    .title = 流域のコードが使えません
    .detail = コードは空白のない半角英数記号 1〜64 文字です。
    .hint = 列 code を直してください。
storage-code-repeated =
    .title = 同じコードの流域が二つあります
    .detail = 流域ごとに別のコードが必要です。
    .hint = 片方の行を消すか、コードを直してください。
storage-number =
    .title = 流域定数がないか、範囲の外です
    .detail = area_km2 は 0 より大、k は 0 より大、p は 0.1〜1、lag_h は 0〜240、f1 は 0〜1、rsa_mm と base_flow_m3_s は 0 以上です。
    .hint = 行を直してください。k は S(mm)= K q^p(q は mm/h)の K です。
