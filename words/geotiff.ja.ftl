# GeoTIFF の読み書き

geotiff-io =
    .title = ラスタを読み書きできません
    .detail = { $action ->
        [create] 作成
        [pack] 圧縮
        [read] 読み取り
        [seek] 読み取り
        [write] 書き込み
       *[other] { $action }
    }: { $reason }
    .hint = ディスクの空きと、ファイルの読み書きの許可を確かめてください。
geotiff-unreadable =
    .title = TIFF として読めません
    .detail = { $what ->
        [block] タイルかストリップ
       *[other] { $what }
    }（{ $offset } バイト目）: { $expected } のはずが { $found } です。
    .hint = ファイルが途中で切れていないか確かめ、元の場所から取り直してください。
geotiff-unsupported =
    .title = この種類の TIFF には対応していません
    .detail = { $what } は { $found } です。読めるのは { $expected } です。
    .hint = gdal_translate -co COMPRESS=DEFLATE で変換するか、jomo-ingest raster で取り込んでください。
geotiff-too-large =
    .title = ラスタが大きすぎます
    .detail = { $columns } × { $rows } セルは上限 { $limit } セルを超えています。
    .hint = 範囲を切り出すか、セルを粗くしてから読み込んでください。
geotiff-memory =
    .title = ラスタに必要なメモリが大きすぎます
    .detail = { $what } に { $bytes } バイトが必要で、上限 { $limit } バイトを超えています。
    .hint = gdal_translate -co TILED=YES でタイルに変換するか、幅を狭く分けてください。
geotiff-truncated =
    .title = ラスタの中身が足りません
    .detail = { $columns } × { $rows } セルと書かれていますが、{ $bytes } バイトにその量は入りません。
    .hint = ファイルが途中で切れていないか確かめ、元の場所から取り直してください。
geotiff-block =
    .title = ラスタの一部が壊れています
    .detail = { $index } 番のタイルかストリップ: { $expected } バイトのはずが { $found } です。
    .hint = 元の場所から取り直すか、作り直してもらってください。
geotiff-samples =
    .title = 値の型に対応していません
    .detail = 値の型は { $found } です。必要なのは { $expected } です。
    .hint = gdal_translate -ot で型を変換し、-b でバンドを選んでください。
geotiff-placement =
    .title = ラスタの位置が分かりません
    .detail = タグ { $tag } が無いか、使えない値です: { $found }
    .hint = 北が上で正方形のセルを持つ GeoTIFF に変換してください（gdalwarp）。
geotiff-not-north-up =
    .title = ラスタが回転しています
    .detail = 行が北から南へ並んでいません: { $found }
    .hint = jomo-ingest raster で取り込む（向きを直します）か、gdalwarp を使ってください。
geotiff-crs =
    .title = 座標系に対応していません
    .detail = 座標系は { $found } です。JGD2011 の平面直角座標系または UTM（EPSG:6669〜6692）が必要です。
    .hint = jomo-ingest raster --to-crs で地域の平面座標系に変換してください。
geotiff-outside =
    .title = ラスタの外側です
    .detail = { $what ->
        [band] バンド
        [level] 縮小版
        [row] 行
       *[column] 列
    } { $found } は、{ $limit } までのラスタの外側です。
    .hint = ラスタの中の窓・バンド・段を選んでください。
geotiff-cells =
    .title = 値の数が合いません
    .detail = { $expected } セル必要なところ、{ $found } セルが渡されました。
    .hint = プログラムの誤りです。お知らせください。
geotiff-no-data =
    .title = 欠測を表す数として使えません
    .detail = { $value } は { $sample } では表せません。
    .hint = 値の型で表せる数を選んでください。
geotiff-grid =
    .title = ラスタの大きさと値の数が合いません
    .detail = { $reason }
    .hint = ファイルを作り直してください。

# ラスタの取り込み（jomo-ingest raster）

help-ingest-raster = ラスタを読み、JGD2011 の平面の系の COG（GeoTIFF）に書きます。
help-ingest-resampling = 値の決め方: nearest（分類）、bilinear（標高・写真）、average（粗くするとき）。省くと元データに合うもの。
help-ingest-cell-size-m = 結果のセルの一辺（メートル）。省くと元データに合う大きさ。
help-ingest-nodata = 欠測を表す数。ファイルの記載より優先します。
help-ingest-tile = 標高タイルの番号 z/x/y。ファイル名より優先します。
ingest-raster-done = { $rows } × { $columns } セル（{ $cell_size_m } m、{ $resampling }）を { $file } に書きました。
raster-mesh =
    .title = 標高のメッシュを読めません
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
    .hint = このメッシュをダウンロードし直してください。
raster-mixed =
    .title = 種類の違うメッシュが混ざっています
    .detail = { $name } は { $found } ですが、それより前は { $expected } です。
    .hint = 一つの書庫には、同じ大きさ・同じ座標系のメッシュだけを入れてください。
raster-place =
    .title = ラスタの位置が分かりません
    .detail = { $name } に位置が書かれていません。
    .hint = ワールドファイルを同じ場所に置いて --crs を付けるか、GeoTIFF を使ってください。標高タイルなら --tile z/x/y を付けてください。
raster-samples =
    .title = 値の型に対応していません
    .detail = 値の型は { $found } です。取り込めるのは { $expected } です。
    .hint = gdal_translate -ot で型を変換してください。
raster-no-data =
    .title = 欠測を表す数がありません
    .detail = { $sample } の値には、元データの外側を表す数が決められていません。
    .hint = 値として使われない数を --nodata で指定してください（分類なら 0 など）。
raster-outside =
    .title = ラスタが目的の系の外にあります
    .detail = 目的の系で表せる部分がありません。
    .hint = 元データの座標系（--crs）と目的の系（--to-crs）を確かめてください。
raster-size =
    .title = 結果が大きすぎます
    .detail = { $columns } × { $rows } = { $cells } セルになり、上限の { $limit } セルを超えます。
    .hint = --cell-size-m に { $fits_m } 以上を指定し、元データの座標系を確かめてください。
raster-extent =
    .title = セルがラスタ全体より大きくなります
    .detail = 一辺 { $cell_m } m のセルは、元データの長い方の辺 { $extent_m } m より大きいです。
    .hint = --cell-size-m をもっと小さくしてください。
raster-coarse =
    .title = セルが粗すぎます
    .detail = 一つのセルが元データの { $cells } セルにわたります。
    .hint = --cell-size-m でセルを細かくしてください。
raster-address =
    .title = タイルの番号ではありません
    .detail = { $given } はタイルの番号ではありません。
    .hint = --tile z/x/y の形で、14/14547/6463 のように書いてください。
