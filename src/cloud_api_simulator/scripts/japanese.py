"""Japanese."""

from cloud_api_simulator.scripts.steps import Episode, Phrasebook, at_once, reply, say, send

_LATE = Episode(
    "late order",
    (
        say(
            "お世話になっております。注文番号{order}の商品がまだ届いていません。",
            "こんにちは。{day}に届くはずの注文{order}はどうなっていますか?",
            "すみません、注文{order}の配送状況を教えてください🙇‍♀️",
        ),
        send("list_reply", id="delivery-status", title="配送状況を確認する", description="注文番号が必要です"),
        say("追跡番号では「輸送中」のままです。", "{day}の午前中に受け取れると助かります。"),
        at_once(say("夕方は不在にしております。")),
        send("reaction", emoji="🙏"),
        reply("承知しました。ご確認ありがとうございます。", "ありがとうございます。お待ちしております。"),
        send("sticker"),
    ),
)
_ADDRESS = Episode(
    "new address",
    (
        say("注文{order}の届け先を変更したいのですが、可能でしょうか。", "引っ越しました。注文{order}の住所を変更できますか?"),
        send("location", latitude=35.658581, longitude=139.745433, name="東京タワー", address="東京都港区芝公園4丁目2-8"),
        at_once(say("この近くのマンション、305号室です。")),
        send("edit", "この近くのマンション、503号室です。"),
        send("button_reply", id="confirm-address", title="この住所で確定"),
        say("変更していただき助かりました😊", "ありがとうございました!"),
    ),
)
_DAMAGED = Episode(
    "damaged item",
    (
        say("届いた{item}にひびが入っていました。注文番号は{order}です。", "{item}が割れて届きました…(注文{order})"),
        send("image", "写真をお送りします。", "箱の角もへこんでいました。"),
        send("voice"),
        send("reaction", emoji="👍"),
        send("reaction_removed"),
        say("交換をお願いできますか?", "返金ではなく交換を希望します。"),
        say("ご丁寧な対応、ありがとうございます。", "よろしくお願いいたします。"),
    ),
)

PHRASEBOOK = Phrasebook(
    episodes=(_LATE, _ADDRESS, _DAMAGED),
    answers=("ありがとうございます!", "承知いたしました。", "どのくらい時間がかかりますか?", "助かります😊", "はい、それでお願いします。"),
    slots={
        "day": ("月曜日", "火曜日", "水曜日", "木曜日", "金曜日"),
        "item": ("湯のみ", "お皿", "時計", "花瓶", "ランプ"),
    },
)
