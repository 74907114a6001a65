# 氾濫計算: engine/flood, pipelines/src/flood。セルは北西から数えた行・列（1 から）。
help-jomo-flood-simulate = ケースファイルの氾濫を計算する
help-jomo-flood-simulate-case = ケースファイル（TOML）
help-jomo-flood-simulate-out = 結果を置くフォルダ
help-jomo-flood-simulate-scheme = 計算法: hllc（浅水方程式の全項）、inertial（移流項なし。平地のゆるい流れ向け、速い）
help-jomo-flood-simulate-order = 空間と時間の次数: 1 または 2
help-jomo-flood-simulate-precision = 数の桁: f32 または f64（検算用）
stage-flood = 氾濫を計算しています
flood-done = 計算しました: { $cells } セル、{ $steps } 段、出力 { $outputs } 時刻、水量の誤差 { $error }（{ $folder }）
flood-case-syntax =
    .title = ケースファイルを読めません
    .detail = { $line } 行目: { $reason }
    .hint = TOML（UTF-8）の書き方を確かめてください。書き方の例は docs/guide/flood.md にあります。
flood-case-unknown-key =
    .title = ケースファイルに知らない項目があります
    .detail = { $line } 行目: `{ $key }` は使われません。
    .hint = もしかして: { $nearest }
flood-case-missing-key =
    .title = ケースファイルに項目が足りません
    .detail = { $line } 行目: `{ $key }` がありません。
    .hint = docs/spec/flood-case.md を見て書き足してください。
flood-case-value =
    .title = ケースファイルの値が正しくありません
    .detail = { $line } 行目: `{ $key }` = { $value }
    .hint = 使える値: { $expected }
flood-case-both =
    .title = 同時には書けない項目があります
    .detail = { $line } 行目: `{ $key }` のうち書けるのは 1 つだけです。
    .hint = どれか 1 つを残してください。
flood-case-not-used =
    .title = この種類では使わない項目があります
    .detail = { $line } 行目: `{ $key }` は「{ $kind }」では使いません。
    .hint = 項目を消すか、種類を直してください。
flood-case-gauge =
    .title = 同じ ID の観測点が 2 つあります
    .detail = { $line } 行目: 「{ $id }」はすでにあります。
    .hint = 観測点ごとに違う ID を付けてください。
flood-case-beside =
    .title = 標高データの外の位置です
    .detail = { $line } 行目: `{ $key }` = [{ $x }, { $y }]。範囲は東西 { $west } 〜 { $east }、南北 { $south } 〜 { $north } です。
    .hint = 標高データと同じ座標系で、[東西, 南北] の順に書いてください。
flood-case-no-ground =
    .title = 標高のないセルの位置です
    .detail = { $line } 行目: `{ $key }` は { $row } 行 { $column } 列（北西から）にあり、そこに標高がありません。
    .hint = 標高のある場所に移すか、標高データを補ってください。
flood-case-stretch =
    .title = 区間に標高のあるセルがありません
    .detail = { $line } 行目: `{ $key }` の { $from } 〜 { $to } m。辺の長さは { $length } m です。
    .hint = from と to は、西・東の辺では北端から、北・南の辺では西端からの距離（m）です。標高のあるセルの中心を含めてください。
flood-case-outputs =
    .title = 出力が多すぎます
    .detail = { $line } 行目: { $outputs } 回の出力は上限 { $limit } 回を超えています。
    .hint = output_every_s を大きくしてください。
flood-case-ends-before =
    .title = 計算の終わりが保存した状態より前です
    .detail = { $line } 行目: duration_s は { $duration } 秒、保存した状態は { $time } 秒です。
    .hint = duration_s は初めの計算の開始から数えます。{ $time } 秒より大きくしてください。
flood-file-mismatch =
    .title = ラスタが標高データに重なりません
    .detail = { $which ->
        [shape] 列数 × 行数が { $own } で、標高データ { $dem } の { $other } と違います。
        [cell] セルの大きさが { $own } で、標高データ { $dem } の { $other } と違います。
        [origin] 北西の角が { $own } で、標高データ { $dem } の { $other } と違います。
       *[crs] 座標系が { $own } で、標高データ { $dem } の { $other } と違います。
    }
    .hint = 標高データと同じ格子に切りそろえてください（gdalwarp -te と -ts）。
flood-file-not-square =
    .title = セルが正方形ではありません
    .detail = 幅 { $width }、高さ { $height } です。
    .hint = gdalwarp -tr で縦横の等しいセルにしてください。
flood-file-degrees =
    .title = 標高データの単位が度です
    .detail = 座標系 EPSG:{ $epsg } は経度・緯度です。メートルの平面座標系が必要です。
    .hint = 平面直角座標系に変換してください。群馬県は第Ⅸ系です: gdalwarp -t_srs EPSG:6677 -tr 10 10
flood-file-bands =
    .title = ラスタのバンドが 1 つではありません
    .detail = { $bands } バンドあります。
    .hint = gdal_translate -b 1 で 1 つを取り出してください。
flood-file-header =
    .title = 時系列の見出しがありません
    .detail = 1 行目は「{ $row }」です。
    .hint = 1 行目に time_s,value と書き、2 行目から秒と値をコンマで区切って書いてください。
flood-file-row =
    .title = 時系列の行を読めません
    .detail = { $line } 行目: 「{ $row }」は時刻（秒）と値ではありません。
    .hint = 有限な数を 2 つ、コンマで区切って書き、空の行は消してください。
flood-file-order =
    .title = 時系列が時刻の順に並んでいません
    .detail = { $line } 行目: { $time } 秒は、前の { $before } 秒より後ではありません。
    .hint = 時刻の順に並べ、同じ時刻は 1 行にしてください。
flood-file-range =
    .title = 時系列の値が範囲の外です
    .detail = { $line } 行目: { $value }。使える値: { $expected }
    .hint = 単位と桁を確かめてください。-9999 のような数で欠測を表しているときは、その行を消してください。
flood-file-no-rows =
    .title = 時系列に値がありません
    .detail = 見出しの下に行がありません。
    .hint = 時刻と値の行を書いてください。
flood-file-zone =
    .title = 格子雨量を使えない座標系です
    .detail = 標高データの座標系は { $epsg ->
        [none] 書かれていません。
       *[other] EPSG:{ $epsg } です。
    } 平面直角座標系か UTM（EPSG:6669〜6692）が必要です。
    .hint = gdalwarp -t_srs EPSG:6677 などで変換してください。座標系の記述が抜けているだけなら gdal_edit.py -a_srs で書き足せます。
flood-file-no-rain =
    .title = 雨量のないセルがあります
    .detail = { $time } までの 1 時間雨量が、{ $cells } セルにありません。
    .hint = 雨量の格子の範囲と、標高データの座標系を確かめてください。
flood-file-rain-gap =
    .title = 雨量のない時間があります
    .detail = { $from } からの雨量がありません。計算は { $end } まで続きます。
    .hint = start を確かめ、足りない時刻の GRIB2 ファイルを jma に加えるか、duration_s を短くしてください。
flood-no-cells =
    .title = セルがありません
    .detail = 標高データは { $columns } × { $rows } セルです。
    .hint = 標高データを作り直してください。
flood-cell-size =
    .title = セルの大きさが正しくありません
    .detail = { $size } m のセルは計算できません。
    .hint = 標高データのセルの大きさを確かめてください。
flood-count =
    .title = ラスタの大きさが合いません
    .detail = { $what } は { $found } 個で、標高データは { $columns } × { $rows } セルです。
    .hint = 標高データと同じ格子に切りそろえてください。
flood-bed =
    .title = ありえない標高です
    .detail = { $row } 行 { $column } 列（北西から）: { $value } m
    .hint = 使える標高は ±9000 m までです。-9999 などが値のないセルの数なら、no-data として書いてください（gdal_edit.py -a_nodata -9999）。
flood-all-outside =
    .title = 標高が 1 つもありません
    .detail = { $columns } × { $rows } セルのすべてに値がありません。
    .hint = 切り出した範囲と no-data の値を確かめてください。
flood-roughness =
    .title = 粗度係数が正しくありません
    .detail = { $row } 行 { $column } 列（北西から）: { $value }
    .hint = 標高のあるセルすべてに、0 〜 10 のマニングの粗度係数を入れてください。
flood-start =
    .title = 初めの水が正しくありません
    .detail = { $row } 行 { $column } 列（北西から）: { $what ->
        [depth] 水深
        [level] 水位
       *[velocity] 流速
    } { $value }
    .hint = 水深は 0 〜 10000 m、水位は河床の 10000 m 上まで、流速は ±1000 m/s までです。
flood-series =
    .title = 時系列が正しくありません
    .detail = { $what }: { $row } 番目の値
    .hint = 時刻の順に並んだ有限な数にしてください。
flood-outside =
    .title = 計算の範囲の外です
    .detail = { $what }: { $row } 行 { $column } 列（北西から）
    .hint = 標高のある場所にしてください。
flood-setting =
    .title = 設定の値が正しくありません
    .detail = { $what } = { $value }
    .hint = 使える値: { $expected }
flood-broken =
    .title = 計算が壊れました
    .detail = { $time } 秒、{ $row } 行 { $column } 列（北西から）で、{ $what ->
        [depth] 水深
        [bed] 河床
       *[other] 流量
    }が数でなくなりました。
    .hint = そのセルのまわりの標高と、流入・雨量の値を確かめてください。--precision f64 で同じなら、ケースを添えて知らせてください。
flood-stalled =
    .title = 計算が進みません
    .detail = { $time } 秒で時間刻みが { $step } 秒になりました。{ $row } 行 { $column } 列（北西から）の流れが速すぎます。
    .hint = そのセルのまわりの標高（穴や塔）と、流入・水位・雨量の値を確かめてください。
flood-saved =
    .title = 保存した状態を使えません
    .detail = { $offset } バイト目: { $expected }
    .hint = 同じ標高データ、粗度、雨の区分の数、計算法、桁、到達・継続の水深で保存したファイルを使ってください。
