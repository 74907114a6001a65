# 予測の雨・流出・河川・メンバー・水位計: engine/flood。番号は 1 から数える。
basin-item =
    .title = 流域モデルの要素に誤りがあります
    .detail = { $what } の { $index } 番
    .hint = 正しい値: { $expected }
basin-setting =
    .title = 範囲を外れた設定があります
    .detail = { $what } = { $value }
    .hint = 使える値: { $expected }
basin-count =
    .title = 組み合わせの合わないデータがあります
    .detail = { $what }: { $expected } 個必要ですが { $found } 個です。
    .hint = すべてを同じ流域データから作ってください。
basin-broken =
    .title = 計算が破綻しました
    .detail = { $what } の { $index } 番が数値になりません。
    .hint = 入力ファイルを添えてお知らせください。
basin-saved =
    .title = 保存された状態を使えません
    .detail = { $offset } バイト目: { $expected } が必要です。
    .hint = 同じ流域データと設定の状態を使うか、状態なしで始めてください。
