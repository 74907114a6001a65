# gauge: 水位計の表(諸元・観測値)と観測値の品質。engine/format/src/gauge_csv.rs、engine/flood/src/gauge
gauge-csv-columns =
    .title = 水位計の表に必要な列がありません
    .detail = ない列: { $missing }。ある列: { $columns }{ more-names }
    .hint = 諸元の表には code、name と水位の列(start_level、warn_level、flood_level または standby_level、caution_level、judgement_level、danger_level)、観測値の表には code、obs_time、level が必要です。
gauge-id =
    .title = 水位計のコードが使えません
    .detail = コードは空白のない半角英数記号 1〜64 文字です。
    .hint = code の列を直してください。
gauge-id-repeated =
    .title = 同じコードの水位計が 2 つあります
    .detail = コードは水位計ごとに違う必要があります。
    .hint = どちらかの行を消すか、コードを直してください。
gauge-level =
    .title = 水位として読めません
    .detail = 水位は -4000〜4000 m の数です。
    .hint = 欠測を表す数(-9999 など)は消し、空欄にしてください。
gauge-levels-mixed =
    .title = 2 種類の基準の水位が 1 つの行にあります
    .detail = 危機管理型水位計(観測開始・危険・氾濫開始)と基準水位観測所(水防団待機・氾濫注意・避難判断・氾濫危険)の水位は意味が違い、混ぜられません。
    .hint = kind の列と、その種類の水位だけを残してください。
gauge-levels-none =
    .title = 基準の水位がありません
    .detail = 基準の水位が 1 つも書かれていません。
    .hint = 観測開始水位と氾濫開始水位、または基準水位観測所の水位を書いてください。
gauge-kind =
    .title = 水位計の種類が正しくありません
    .detail = 種類は crisis(危機管理型水位計)か reference(基準水位観測所)です。
    .hint = kind の列を直すか、空にしてください。
gauge-datum =
    .title = 水位の基準面が正しくありません
    .detail = 基準面は tp(東京湾平均海面)、zero(零点高)、overflow(氾濫開始水位を 0 とする)のどれかです。
    .hint = datum の列を直すか、空にしてください。
gauge-interval =
    .title = 観測の間隔が正しくありません
    .detail = 間隔は 1〜1440 分の整数です。
    .hint = interval_min の列を直すか、空にしてください。
gauge-feed =
    .title = 水位計の受信系統の名が正しくありません
    .detail = 名は空白のない半角英数記号 1〜64 文字です。
    .hint = feed の列を直すか、空にしてください。
gauge-level-number =
    .title = 基準の水位が数ではありません
    .detail = { $level ->
        [start] 観測開始水位
        [danger] 危険水位
        [overflow] 氾濫開始水位
        [standby] 水防団待機水位
        [caution] 氾濫注意水位
        [judgement] 避難判断水位
       *[other] 氾濫危険水位
    }: { $value } m
    .hint = 水位計の諸元を直してください。
gauge-level-order =
    .title = 基準の水位の順が正しくありません
    .detail = { $upper ->
        [start] 観測開始水位
        [danger] 危険水位
        [overflow] 氾濫開始水位
        [standby] 水防団待機水位
        [caution] 氾濫注意水位
        [judgement] 避難判断水位
       *[other] 氾濫危険水位
    }({ $upper-value } m)は、{ $lower ->
        [start] 観測開始水位
        [danger] 危険水位
        [overflow] 氾濫開始水位
        [standby] 水防団待機水位
        [caution] 氾濫注意水位
        [judgement] 避難判断水位
       *[other] 氾濫危険水位
    }({ $lower-value } m)より高くなければなりません。
    .hint = 水位計の諸元を確かめてください。
gauge-reading-order =
    .title = 観測値が時刻の順に並んでいないか、数ではありません
    .detail = { $row } 番目の観測値
    .hint = 時刻の順に並べ、同じ時刻は 1 つにしてください。
reading-time =
    .title = 観測時刻を読めません
    .detail = 時差の付いた時刻(例: 2025-09-19T00:50:00+09:00)が必要です。
    .hint = obs_time の列を直してください。
reading-level =
    .title = 観測水位を読めません
    .detail = 水位は -4000〜4000 m の数です。
    .hint = 欠測の行は消してください。
reading-over =
    .title = 超過の印が正しくありません
    .detail = 印は 1(観測開始以上)、11(危険以上)、111(氾濫開始以上)か空です。
    .hint = over の列を直すか、空にしてください。
reading-repeated =
    .title = 同じ観測値が 2 度あります
    .detail = 水位計、時刻、水位が前の行と同じです。
    .hint = 重なっている行を消してください。
reading-contradicts =
    .title = 同じ時刻に違う水位があります
    .detail = 前の行の水位を使い、この行は使いません。
    .hint = どちらが正しいか確かめてください。
reading-unreadable =
    .title = 読み取れない水位を報告している水位計です（いまの水位は分かりません）
    .detail = 水位計の新しい報告に数値がありません。測定範囲を超えているおそれがあります。
    .hint = カメラや現地で確かめてください。高い水位のおそれがあります。
reading-too-high =
    .title = 氾濫開始水位などを大きく超える観測値があります（確認が必要です）
    .detail = 氾濫開始水位(基準水位観測所では最も高い基準の水位)を大きく超えています。
    .hint = カメラ、近くの水位計、雨量で確かめてください。この値も観測値として示します。ほかに疑いがなければ予測に使います。
reading-too-low =
    .title = 低すぎる観測値があります（予測に使っていません）
    .detail = 最も低い基準の水位を大きく下回っています。
    .hint = 水位計の基準面と諸元を確かめてください。
reading-rate =
    .title = 変化が速すぎる観測値があります（予測に使っていません）
    .detail = 前後の観測値との差が、水の動きより大きくなっています。
    .hint = カメラ、近くの水位計、雨量で確かめてください。
reading-stuck =
    .title = 1 日以上、同じ値のままの水位計があります（予測に使っていません）
    .detail = 1 日以上、同じ値が続いています。
    .hint = 水位計の点検を依頼してください。
reading-apart =
    .title = 観測開始水位から離れたままの観測値があります（予測に使っていません）
    .detail = 観測開始水位から上がらずに始まり、下がらずに終わっています。基準面のずれか、諸元の誤りのおそれがあります。
    .hint = 基準面と観測開始水位、現地の水面を確かめてください。
reading-erratic =
    .title = 乱れている観測値があります（予測に使っていません）
    .detail = 観測のたびに大きく上下しています。
    .hint = センサーの前の障害物や波立ちを確かめてください。
reading-alone =
    .title = 裏付けのない高い観測値があります（確認してください。予測に使っていません）
    .detail = 水位が上がってくる様子が観測されておらず、ほかの水位計も高くなっていません。
    .hint = カメラ、近くの水位計、雨量で確かめてください。確かめるまで予測には使いません。
gauge-not-fictional =
    .title = 架空と書かれていない水位計は、架空の地域には使えません
    .detail = 水位計の表の { $row } 行目（見出しの次を 1 行目とする）: { $id } { $name }。名前に「{ $label }」がありません。実際の水位から計算した予測を架空として公開すると、気象業務法に抵触するおそれがあります。
    .hint = 架空の水位計なら、name の列の名前に「（{ $label }）」を付けてください。実在の地域なら region.toml の fictional を消してください。
