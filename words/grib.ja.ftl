# grib: engine/format/src/grib2/error.rs. 位置はファイル先頭からのバイト数。
grib-no-message =
    .title = GRIB2 ファイルではありません
    .detail = { $offset } バイト目に GRIB の始まりがありません。
    .hint = 気象庁のファイル（名前の末尾が _grib2.bin）か、途中で変換や圧縮をされていないかを確かめてください。
grib-truncated =
    .title = GRIB2 ファイルが途中で切れています
    .detail = { $offset } バイト目から { $needed } バイト必要ですが、残りは { $left } バイトです。
    .hint = 受信が途中で切れています。ファイルを取り直してください。
grib-no-end =
    .title = GRIB2 の終わりの印がありません
    .detail = { $offset } バイト目に 7777 がありません。
    .hint = ファイルが壊れています。取り直してください。
grib-section-order =
    .title = GRIB2 の節の順序が正しくありません
    .detail = { $offset } バイト目で、第 { $after } 節の次に第 { $found } 節が来ています。
    .hint = ファイルが壊れています。取り直してください。
grib-section-length =
    .title = GRIB2 の節の長さが正しくありません
    .detail = { $offset } バイト目の第 { $section } 節は { $found } バイトですが、内容には { $expected } バイトが必要です。
    .hint = ファイルが壊れているか、形式が変わっています。取り直しても同じなら、プロダクト名を添えて知らせてください。
grib-unsupported =
    .title = この種類の GRIB2 は読めません
    .detail = { $offset } バイト目: { $what ->
        [edition] GRIB 第 { $found } 版です。読めるのは第 2 版です。
        [grid-template] 格子のテンプレート 3.{ $found } です。読めるのは 3.0（緯度・経度格子）です。
        [irregular-rows] 行ごとに格子数が違います。読めるのは格子数が同じものだけです。
        [basic-angle] 角度の単位が { $found } です。読めるのは 100 万分の 1 度です。
        [scanning-mode] 走査モード { $found } です。読めるのは 0（北西から行ごと）です。
        [product-template] プロダクトのテンプレート 4.{ $found } です。読めるのは 4.0、4.50000、4.50008、4.50009、4.50011 です。
        [time-unit] 期間の単位 { $found } です。読めるのは分・時・日・秒です。
        [time-ranges] 期間の数が { $found } です。読めるのは 1 つだけです。
        [packing-template] 圧縮 5.{ $found } です。読めるのは 5.200（ランレングス圧縮）です。
        [symbol-bits] 1 データ { $found } ビットです。読めるのは 8 と 16 です。
        [bitmap] ビットマップ（指示符 { $found }）があります。読めるのはビットマップのないもの（255）です。
       *[other] { $what } { $found }
    }
    .hint = 雨量、土壌雨量指数、土砂災害警戒判定の 1 km メッシュのファイルを使ってください。ほかのプロダクトは読めません。
grib-time =
    .title = GRIB2 の日時が正しくありません
    .detail = { $offset } バイト目は日時として読めません。
    .hint = ファイルが壊れています。取り直してください。
grib-interval =
    .title = 雨量の期間の時刻が食い違っています
    .detail = { $offset } バイト目の節では期間の終わりが { $stated } ですが、始まりと長さからは { $computed } になります。
    .hint = いつの雨か決められないため、このファイルは使いません。取り直しても同じなら、配信元に確かめてください。
grib-grid =
    .title = GRIB2 の格子が正しくありません
    .detail = { $offset } バイト目の { $columns } 列 { $rows } 行は、格子の四隅と合いません。
    .hint = ファイルが壊れています。取り直してください。
grib-count =
    .title = 格子点の数が合いません
    .detail = { $offset } バイト目では { $found } 点ですが、格子は { $expected } 点です。
    .hint = ファイルが壊れています。取り直してください。
grib-levels =
    .title = 表にないレベルが使われています
    .detail = { $offset } バイト目ではレベル { $largest } まで使われていますが、表は { $table } までです。
    .hint = ファイルが壊れています。取り直してください。
grib-run-start =
    .title = GRIB2 のデータが壊れています
    .detail = { $offset } バイト目に、レベルのない連長があります。
    .hint = ファイルを取り直してください。
grib-run-total =
    .title = データが格子と合いません
    .detail = { $offset } バイト目までのデータは { $found } 点ですが、格子は { $expected } 点です。
    .hint = ファイルが壊れているか、途中で切れています。取り直してください。
grib-window =
    .title = 指定した範囲が格子の外にあります
    .detail = 行 { $rows }、列 { $columns } は { $shape } の格子に収まりません。
    .hint = 地域の範囲（bbox）を確かめてください。
grib-too-large =
    .title = 指定した範囲が大きすぎます
    .detail = 一度に { $cells } 格子です。読めるのは { $most } 格子までです。
    .hint = 範囲を狭めてください。地域の範囲（bbox）を確かめてください。
grib-level-count =
    .title = 値の数が格子と合いません
    .detail = 書き込むレベルは { $found } 個ですが、格子は { $expected } 個です。
    .hint = 北から行ごとに、格子 1 つにつきレベルを 1 つ渡してください。
grib-level-unknown =
    .title = 表にないレベルは書き込めません
    .detail = レベル { $level } を書き込もうとしましたが、表は { $table } までです。
    .hint = すべてのレベルを含む表を渡してください。
grib-product =
    .title = このプロダクトは書き込めません
    .detail = テンプレート 4.{ $template }: { $part ->
        [template] 期間や付加情報がこのテンプレートのものではありません。
        [message] 分野か初期時刻がファイルのものと違います。
        [time] 時間が分単位でないか、長すぎます。
       *[other] { $part }
    }
    .hint = 解析と予報のための関数でプロダクトを作り、初期時刻ごとに 1 ファイルとしてください。
