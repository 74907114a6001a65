# 検証
help-jomo-flood-verify = 保存した予測を観測水位で検証する（予報時間ごとの誤差、幅、確率、持続予報との比較）
help-jomo-flood-verify-archives = 予測のフォルダ、またはそれらを収めたフォルダ
help-jomo-flood-verify-readings = 観測水位の表（CSV）、またはそのフォルダ
help-jomo-flood-verify-gauges = 水位計と基準水位の表（CSV）
help-jomo-flood-verify-out = scores.json と scores.csv を置くフォルダ

verify-compared = 一つの予報時間につき最大 { $levels } 個の水位を、{ $storms } 回の出水で比べました。かっこ内は出水を単位とする 95 % 区間です。gain が 0 より大きいほど、相手の予報より誤差が小さいことを示します。
verify-better = 持続予報より確かに良い予報時間（分）: { $leads }
verify-worse = 持続予報より確かに悪い予報時間（分）: { $leads }

verify-no-forecasts =
    .title = 予測がありません
    .detail = { $path } に levels.csv がありません。
    .hint = jomo flood forecast や replay が書いたフォルダ、またはそれらを収めたフォルダを指定してください。
verify-columns =
    .title = 予測水位の表に足りない列があります
    .detail = ない列: { $missing }
    .hint = jomo flood forecast が書いた levels.csv をそのまま使ってください。
verify-nothing =
    .title = 比べられるものがありません
    .detail = 予測水位 { $forecasts } 個のうち、観測のある水位計と時刻のものがありません。
    .hint = 予測より後の観測と、予測に使った水位計の表を指定してください。
verify-row =
    .title = 読めない予測の行
    .detail = 値が欠けているか、分位の順が逆か、確率が 0 から 1 の間にありません。
    .hint = levels.csv を書かれたまま使ってください。
verify-repeated =
    .title = 重複した予測
    .detail = 同じ水位計・初期時刻・対象時刻の予測が別の表にもあり、先のものを使いました。
    .hint = 同じ保存先は一度だけ指定してください。
verify-gauge-unknown =
    .title = 表にない水位計の予測
    .detail = 比べる基準水位がありません。
    .hint = 予測に使った水位計の表を指定してください。
