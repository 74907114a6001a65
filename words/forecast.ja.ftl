# 河川の予測: jomo flood prepare, forecast, watch, replay。
forecast-region-key =
    .title = 地域ファイルにキーが足りません
    .detail = 「{ $key }」がありません。
    .hint = 追加してください。全部のキーの例は docs/guide/river.md にあります。
forecast-stream-area =
    .title = 河道が始まる面積が標高データに合いません
    .detail = rivers.stream_km2 = { $area } は { $size } m のセルで { $cells } 個です。
    .hint = 1 セル以上の面積を指定してください。
help-jomo-flood-prepare = 予測のために地域の流域データ（河道・斜面・河岸）を作る
help-jomo-flood-prepare-region = 地域ファイル、またはそのフォルダ
help-jomo-flood-prepare-out = 流域データのフォルダ。省略時は地域ファイルの指定
stage-terrain = 河道と河岸を求めています
reading-without-gauge =
    .title = 水位計の表にない水位計の観測値があります
    .detail = 場所は水位計のコードです。
    .hint = 表に水位計を加えるか、その観測値を除いてください。
