# タイルの作成と検査

tile-layer-name =
    .title = レイヤの名前がありません
    .detail = 入力 { $source } 番目(0 から数えます)にレイヤの名前がありません。
    .hint = 入力ごとにレイヤの名前を付けてください。

tile-zoom =
    .title = 作れないズームです
    .detail = レイヤ { $layer } がズーム { $zoom } を求めていますが、上限は { $limit } です。
    .hint = ズームの上限を { $limit } 以下にしてください。

tile-too-many =
    .title = タイルが多すぎます
    .detail = ズーム { $zoom } で、地物が覆うタイルが { $limit } 枚を超えます。
    .hint = 座標の誤りで広がった地物がないか確かめるか、ズームの上限を下げてください。

tile-encode =
    .title = タイルを符号化できません
    .detail = タイル { $tile } を符号化できません: { $reason }
    .hint = 一枚に入る地物を減らすか、レイヤを分けてください。

tile-compress =
    .title = タイルを圧縮できません
    .detail = タイル { $tile } を圧縮できません: { $reason }
    .hint = 空きメモリを確かめて、もう一度実行してください。

tile-sink =
    .title = タイルを書き出せません
    .detail = タイル { $tile } を書き出せません: { $reason }
    .hint = 書き出し先の空き容量と権限を確かめてください。

tile-rule-broken =
    .title = タイルが仕様に合いません
    .detail = レイヤ { $layer } の地物 { $feature }: { $rule }
    .hint = このタイルを作ったプログラムの版を添えて開発者に知らせてください。

# 作成の報告に数だけ現れるもの

tile-no-geometry =
    .title = 形のない地物(除外)

tile-bad-coordinate =
    .title = 座標が数でないか地球の外にある地物(除外)

tile-outside-world =
    .title = タイルの世界の外にある地物(除外)

tile-short-line =
    .title = このズームでは点より短い線の地物(省略)

tile-short-part =
    .title = このズームでは点より短い線の一部(省略)

tile-short-drawn =
    .title = このズームでは点より短い線(長さ一単位で代表)

tile-collapsed =
    .title = このズームでは面積を持たない面の地物(一単位の正方形で代表)

tile-small-part =
    .title = このズームでは面積を持たない面の一部(省略)

tile-small-hole =
    .title = このズームでは面積を持たない穴(塗りつぶし)

tile-bad-hole =
    .title = 外周からはみ出すか重なり合う穴(塗りつぶし)

tile-bad-value =
    .title = 有限の数でない値(値だけ除外)

tile-unreadable =
    .title = 展開できないタイル
    .detail = タイル { $tile } を展開できません: { $reason }
    .hint = 書庫を作り直してください。

tile-absent =
    .title = そのタイルは書庫にありません
    .detail = タイル { $tile } はありません。
    .hint = --tile を付けずに実行すると、書庫のズームと範囲がわかります。

tile-announced =
    .title = 書庫のタイルが多すぎます
    .detail = タイルが { $tiles } 枚あると書かれていますが、調べられるのは { $limit } 枚までです。
    .hint = ズームの上限を下げて、書庫を作り直してください。

tiles-built = 書庫 { $path }: 地物 { $features } 件、タイル { $tiles } 枚、{ $bytes } バイト
tiles-sound = { $path }: { $tiles } 枚のタイルはすべて仕様に合っています
tiles-unsound = { $path }: { $tiles } 枚のタイルに仕様違反が { $faults } 件あります
tiles-compared = 同じ { $same } 枚、変わった { $changed } 枚、なくなった { $gone } 枚、新しい { $new } 枚
