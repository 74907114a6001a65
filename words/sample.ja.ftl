# 見本の地域（架空流域）

sample-cell-size =
    .title = セルの大きさが合いません
    .detail = 地形のセル { $cell } m では作れません。
    .hint = 5、10、20、40、80 のどれかを指定してください。
sample-recipe =
    .title = 組み込みの設定が壊れています
    .detail = { $file }: { $reason }
    .hint = プログラムを作り直すか、入れ直してください。
sample-occupied =
    .title = フォルダに別のものが入っています
    .detail = { $path } は空ではなく、見本の地域でもありません。
    .hint = 空のフォルダか、まだ無い名前を指定してください。
sample-write =
    .title = 書き込めません
    .detail = { $path } に書き込めませんでした: { $reason }
    .hint = 空き容量と書き込みの権限を確かめてください。
sample-reference-time =
    .title = 初期時刻が扱える範囲の外です
    .detail = { $time } の前後に降雨を置けません。
    .hint = 西暦 9999 年より前の時刻を指定してください。
sample-inner =
    .title = 見本の地域を作れませんでした
    .detail = { $reason }
    .hint = 別の設定で試し、この文を添えて開発者に知らせてください。
