# 台帳(クレート jomo-register)と、利用者・ジョブのコマンド
register-missing =
    .title = 台帳がありません
    .detail = { $path } にファイルがありません。
    .hint = --register を確かめてください。初めてなら jomo register create で作ります。
register-exists =
    .title = すでにあります
    .detail = { $path } があります。上書きしません。
    .hint = 別の名前を指定するか、今あるものを移してください。
register-other-file =
    .title = 台帳のファイルではありません
    .detail = { $path }: { $reason }
    .hint = --register を確かめてください。壊れたのなら jomo register restore でバックアップから戻します。
register-newer =
    .title = 台帳がこのプログラムより新しい形式です
    .detail = { $path } は第 { $found } 版、このプログラムが知るのは第 { $known } 版までです。
    .hint = 新しいプログラムを使ってください。古い版に戻すには、更新前の写し(.schema-番号)かバックアップを使います。
register-schema =
    .title = 台帳の構造が本来のものと違います
    .detail = { $object } が違います。外から書き換えられたおそれがあります。
    .hint = このファイルを保全し、jomo register restore でバックアップから戻してください。
register-damaged =
    .title = 台帳が壊れています
    .detail = { $reason }
    .hint = ディスクを確かめ、jomo register restore でバックアップから戻してください。
register-busy =
    .title = 台帳がほかの処理で使われています
    .detail = 待ち時間のうちに終わりませんでした。
    .hint = 少し待って、もう一度実行してください。続くときは、動いている jomo を確かめてください。
register-database =
    .title = 台帳に書き込めません
    .detail = { $reason }
    .hint = 空き容量と権限を確かめてください。書きかけの変更は残っていません。
register-io =
    .title = ファイルを読み書きできません
    .detail = { $path }: { $reason }
    .hint = パス、権限、空き容量を確かめてください。
register-random =
    .title = 乱数が得られません
    .detail = { $reason }
    .hint = この計算機の乱数の装置(/dev/urandom)を確かめてください。
register-key-file =
    .title = 鍵ファイルではありません
    .detail = { $path } に16進64桁がありません。
    .hint = --key-file を確かめてください。控えから戻すときは、中身をそのまま写します。
register-key-file-mode =
    .title = 鍵ファイルをほかの人も読めます
    .detail = { $path } の権限が { $mode } です。600 が必要です。
    .hint = chmod 600 を実行してください。ほかの人に読まれたおそれがあれば、責任者に知らせてください。
register-wrong-key =
    .title = この台帳の鍵ではありません
    .detail = 台帳は別の鍵で封をされています。
    .hint = この台帳を作ったときの鍵ファイル、またはその控えを指定してください。
register-key-needed =
    .title = 個人の値を書くには鍵が要ります
    .detail = 氏名などは鍵で封をして保存します。鍵なしでは保存しません。
    .hint = --key-file を付けてください。
sign-in-refused =
    .title = サインインできません
    .detail = ログイン名またはパスワードが違います。
    .hint = 入力を確かめてください。忘れたときは管理者に再設定を頼んでください。
too-many-tries =
    .title = 失敗が続いたため、しばらくサインインできません
    .detail = あと { $seconds } 秒待ってください。
    .hint = 心当たりがなければ、管理者に知らせてください。
register-password =
    .title = パスワードの長さが合いません
    .detail = { $least } 文字から { $most } 文字までです。
    .hint = 覚えやすい言葉をいくつか並べると、長くても打ちやすくなります。
register-conflict =
    .title = ほかの人が先に変更しました
    .detail = 第 { $expected } 版を直そうとしましたが、今は第 { $found } 版です。
    .hint = 今の内容を確かめて、変更をもう一度入れてください。
register-last-administrator =
    .title = 管理者がいなくなります
    .detail = 期限のない管理の権限を持つ、ただ一人の人です(期限のある人しかいなければ、その最後の一人です)。この変更は行いませんでした。
    .hint = 先に jomo grant add で別の人に、期限のない admin の権限を与えてから、もう一度実行してください。
register-invalid =
    .title = 値が正しくありません
    .detail = { $what ->
        [organisation] 組織
        [title] 名前
        [login] ログイン名
        [kind] 種類
        [content] 内容
        [municipality] 市町村コード
        [area] 区域
        [until] 終わり
        [position] 位置
        [geometry] 図形
       *[other] { $what }
    } { $value } は使えません。
    .hint = 使える値: { $expected }
job-refused =
    .title = ジョブにできない命令です
    .detail = { $word } は使えません。
    .hint = 使える命令は import と flood rain です。公開先などの指定は付けません。ファイルは先にアップロードしてください。
job-value =
    .title = ジョブの指定の値が使えません
    .detail = { $flag } に「{ $value }」は使えません。
    .hint = 使える値: { $expected }
job-incomplete =
    .title = ジョブの指定が足りません
    .detail = { $missing } がありません。
    .hint = { $missing } を加えて、もう一度入れてください。
job-repeated =
    .title = ジョブの指定が重なっています
    .detail = { $flag } は1回だけ書けます。
    .hint = どちらか一つにしてください。
job-quota =
    .title = 待っているジョブが多すぎます
    .detail = { $whose ->
        [person] 1人が入れられるのは { $limit } 件までです。入れて取り消したものも1時間は数えます。
       *[other] 全員で入れられるのは { $limit } 件までです。
    }
    .hint = ジョブが終わるのを待って、もう一度入れてください。
job-upload-missing =
    .title = アップロードしたファイルがありません
    .detail = { $name } は保存期間を過ぎて消されたか、バックアップから戻した台帳にはありません。
    .hint = ファイルをもう一度アップロードして、ジョブを入れ直してください。
job-worker-lost =
    .title = ジョブが3回とも途中で切れました
    .detail = 実行していたプロセスが、終わりを告げずにいなくなりました。
    .hint = 計算機のメモリと記録を確かめてから、もう一度入れてください。
job-no-answer =
    .title = ジョブが結果を残さずに終わりました
    .detail = 実行していたプロセスが途中で終わりました。最後の出力: { $said }
    .hint = 計算機のメモリと記録を確かめてから、もう一度入れてください。
register-job-lost =
    .title = ジョブはすでに別のワーカーのものです
    .detail = ジョブ { $id } はワーカー { $worker } のものではありません。
    .hint = 何もしなくて構いません。結果は今のワーカーが残します。
register-unknown =
    .title = 見つかりません
    .detail = { $kind ->
        [organisation] 組織
        [person] 人
        [login] ログイン名
        [grant] 権限
        [key] APIキー
        [job] ジョブ
        [record] 記録
        [verdict] 判定
       *[other] { $kind }
    } { $id } はありません。
    .hint = list で名前を確かめてください。
register-taken =
    .title = すでに使われています
    .detail = { $kind ->
        [organisation] 組織
        [person] 人
        [login] ログイン名
        [grant] 権限
        [key] APIキー
        [job] ジョブ
        [record] 記録
        [verdict] 判定
       *[other] { $kind }
    } { $id } はすでにあります。
    .hint = 別の名前を付けてください。
register-too-alike =
    .title = 名前が似すぎています
    .detail = { $id } は、レイヤの名前ではすでにある { $other } と同じになります(-は _ と書くため)。
    .hint = - と _ のほかにも違いのある名前を付けてください。
register-erased =
    .title = 消去された人です
    .detail = { $id } の値と資格は消去されています。元には戻りません。
    .hint = もう一度使うなら、新しい人として加えてください。
register-chain-broken =
    .title = 変更の記録の連鎖が切れています
    .detail = { $subject } の第 { $edit } 変更: { $reason }
    .hint = 外から書き換えられたか、壊れています。このファイルを保全し、jomo register restore でバックアップから戻してください。
register-backup =
    .title = バックアップが manifest.json と違います
    .detail = { $path }: { $reason }
    .hint = 別の日のバックアップを使ってください。

register-created = 台帳を作りました: { $path }
register-key-made = 鍵ファイルを作りました: { $path }(別の場所に控えを取ってください。失うと個人の値は二度と読めません)
register-verified = 台帳に問題はありません: 変更 { $edits } 件、末尾 { $head }
register-backed-up = バックアップを取りました: { $path }(変更 { $edits } 件、{ $bytes } バイト。アップロードされたファイルは含みません)
register-restored = 戻しました: { $path }(変更 { $edits } 件、{ $bytes } バイト)
register-erased-told = 消去しました: { $login }。古いバックアップには残っています。
register-purged = 期限を過ぎたものを消しました: 記録 { $records } 件、ジョブ { $jobs } 件、アップロードされたファイル { $uploads } 件
organisation-added = 組織を加えました: { $id }
user-added = 加えました: { $login }({ $role })
user-disabled = 使えなくしました: { $login }
user-password-set = パスワードを変えました: { $login }。続いていたサインインは終わりました。
user-password-prompt = パスワード
user-password-again = もう一度
grant-added = 権限を与えました: { $login }({ $role })
grant-revoked = 権限を取り消しました: { $id }
key-made = APIキーを作りました: { $login } の { $id }。キーは今だけ表示します。
key-revoked = APIキーを取り消しました: { $id }
sample-people-added = 架空の人を { $count } 人加えました
job-added = ジョブを入れました: { $id }
job-cancelled = ジョブを止めます: { $id }(今の状態 { $state })
work-began = 開始 { $id }: { $words }
work-ended = 終了 { $id }: { $state }
doctor-register-key = 台帳の鍵ファイル
doctor-register-key-mend = 鍵ファイルを --key-file で指定し、権限を 600 にしてください。鍵がないと個人の値は読めません。
doctor-register-schema = 台帳の構造
doctor-register-schema-mend = --register を確かめ、必要なら jomo register restore でバックアップから戻してください。
doctor-register-integrity = 台帳のページ
doctor-register-integrity-mend = ディスクを確かめ、jomo register restore でバックアップから戻してください。
doctor-register-chain = 変更の記録の連鎖
doctor-register-chain-mend = ファイルを保全し、jomo register restore でバックアップから戻してください。
doctor-register-backup = 最後のバックアップ
doctor-register-backup-mend = jomo register backup を毎日動かしてください。

help-common-attached = 起動したプロセスが終わったら終わる(jomo work 用)
help-common-register = 台帳のファイル
help-common-key-file = 鍵ファイル(なければ氏名などの個人の値は出ない)
help-common-password-file = 1行目がパスワードのファイル(なければ標準入力)
help-jomo-doctor-register = あわせて点検する台帳
help-jomo-sample-people = 見本の架空の人を台帳に加え、パスワードを一度だけ表示する
help-jomo-register = 台帳: 利用者、記録、ジョブ
help-jomo-register-create = 空の台帳を作る(鍵ファイルがなければそれも作る)
help-jomo-register-verify = ページ、参照、変更の連鎖、すべての行を調べる
help-jomo-register-verify-since = この台帳の元になったはずのバックアップ
help-jomo-register-backup = 使いながらバックアップを取る
help-jomo-register-backup-dir = 新しいフォルダ
help-jomo-register-restore = バックアップを確かめ、台帳のない所に戻す
help-jomo-register-restore-dir = バックアップのフォルダ
help-jomo-register-erase = 人の値、資格、ログイン名を消去する(元に戻らない)
help-jomo-register-erase-login = ログイン名、または個人の値の本人のID
help-jomo-register-purge = 保存期間を過ぎたものを消す
help-jomo-register-purge-keep = 保存期間(日数)のファイル
help-jomo-register-readings = 個人の値を誰が読んだかを一覧にする
help-jomo-register-readings-login = ログイン名、または個人の値の本人のID
help-jomo-organisation = 組織
help-jomo-organisation-add = 組織を加える
help-jomo-organisation-add-id = 名前(英小文字・数字・_・-)
help-jomo-organisation-add-kind = 種類: prefecture、municipality、forestry-enterprise、road-contractor、co-creation、owner
help-jomo-organisation-add-title-ja = 日本語の名前
help-jomo-organisation-add-title-en = 英語の名前
help-jomo-organisation-list = 組織を一覧にする
help-jomo-user = サインインする人
help-jomo-user-add = 人を加え、権限を一つ与える
help-jomo-user-add-login = ログイン名
help-jomo-user-add-role = 役割: viewer、editor、officer、approver、admin
help-jomo-user-add-organisation = 組織
help-jomo-user-add-area = 区域: all、または市町村コード(, で区切る)
help-jomo-user-add-name = 氏名(鍵ファイルが要る)
help-jomo-user-add-mail = メールアドレス(鍵ファイルが要る)
help-jomo-user-add-fictional = 架空の人である
help-jomo-user-list = 人を一覧にする
help-jomo-user-disable = 使えなくする
help-jomo-user-disable-login = ログイン名
help-jomo-user-password = パスワードを変える
help-jomo-user-password-login = ログイン名
help-jomo-grant = 権限
help-jomo-grant-add = 権限を与える
help-jomo-grant-add-login = ログイン名
help-jomo-grant-add-role = 役割: viewer、editor、officer、approver、admin
help-jomo-grant-add-organisation = 組織
help-jomo-grant-add-area = 区域: all、または市町村コード(, で区切る)
help-jomo-grant-add-from = いつから(なければ今から)
help-jomo-grant-add-until = いつまで
help-jomo-grant-revoke = 権限を取り消す
help-jomo-grant-revoke-id = 権限のID
help-jomo-grant-list = 権限を一覧にする
help-jomo-grant-list-login = ログイン名(なければ全員)
help-jomo-key = プログラム用のAPIキー
help-jomo-key-create = キーを作り、一度だけ表示する
help-jomo-key-create-login = 誰のキーか(ログイン名)
help-jomo-key-create-title = 何に使うか
help-jomo-key-create-role = キーで使える役割の上限
help-jomo-key-create-until = いつまで
help-jomo-key-revoke = キーを取り消す
help-jomo-key-revoke-id = キーのID(キーの初めの二つの _ の間)
help-jomo-key-list = キーを一覧にする
help-jomo-key-list-login = ログイン名(なければ全員)
help-jomo-job = ワーカーが実行する命令
help-jomo-job-add = 命令を入れる(公開先と進み具合はワーカーが付ける)
help-jomo-job-add-words = jomo に続く命令
help-jomo-job-list = ジョブを新しい順に一覧にする
help-jomo-job-list-state = この状態だけ: queued、running、done、failed、cancelled
help-jomo-job-show = ジョブを一つ表示する
help-jomo-job-show-id = ジョブのID
help-jomo-job-cancel = ジョブを止める
help-jomo-job-cancel-id = ジョブのID
help-jomo-work = 止められるまでジョブを実行する
help-jomo-work-store = ジョブが公開するストア
help-jomo-work-region = 地域ファイルが要るジョブに使うもの
help-jomo-work-once = 一つだけ実行して終わる
help-jomo-work-worker = ワーカーの名前
