"""Hindi, with the English words that people mix in."""

from cloud_api_simulator.scripts.steps import Episode, Phrasebook, at_once, reply, say, send

_LATE = Episode(
    "late order",
    (
        say(
            "नमस्ते, मेरा ऑर्डर {order} अभी तक नहीं आया। {day} को आना था।",
            "Hello, order {order} का क्या हुआ? {day} तक delivery होनी थी 😕",
            "नमस्कार जी, ऑर्डर {order} की स्थिति बताइए।",
        ),
        at_once(say("क्या आप ट्रैक कर सकते हैं?", "Tracking link काम नहीं कर रहा।")),
        send("button_reply", id="track-order", title="ऑर्डर ट्रैक करें"),
        send("voice"),
        reply("ठीक है, मैं इंतज़ार करती हूँ।", "अच्छा, धन्यवाद बताने के लिए।"),
        send("reaction", emoji="❤️"),
        say("ऑर्डर मिल गया, बहुत धन्यवाद 🙏", "अभी मिला! Thank you so much 😊"),
    ),
)
_ADDRESS = Episode(
    "new address",
    (
        say("मुझे ऑर्डर {order} का पता बदलना है।", "Order {order} किसी और पते पर भेज सकते हैं क्या?"),
        send("location", latitude=28.612912, longitude=77.229510, name="इंडिया गेट", address="कर्तव्य पथ, नई दिल्ली 110001"),
        at_once(say("यहाँ से पास में ही है, फ़्लैट नंबर 12")),
        send("edit", "यहाँ से पास में ही है, फ़्लैट नंबर 21"),
        say("Pin code 110001 है। कृपया confirm करें।", "शाम 6 बजे के बाद आइएगा।"),
        send("sticker"),
    ),
)
_DAMAGED = Episode(
    "damaged item",
    (
        say("{item} टूटा हुआ आया है, ऑर्डर {order}", "ऑर्डर {order} में {item} ख़राब निकला 😞"),
        send("image", "ये देखिए फ़ोटो", "डिब्बा भी फटा हुआ था"),
        at_once(send("video", "वीडियो भी भेज रही हूँ")),
        send("list_reply", id="refund", title="पैसे वापस चाहिए", description="5 से 7 दिन लगते हैं"),
        say("पैसे कब तक आएँगे?", "Refund UPI पर मिलेगा क्या?"),
        say("ठीक है, धन्यवाद 🙏", "बहुत अच्छी service, धन्यवाद"),
    ),
)

PHRASEBOOK = Phrasebook(
    episodes=(_LATE, _ADDRESS, _DAMAGED),
    answers=("धन्यवाद 🙏", "ठीक है जी, समझ गई", "कितना समय लगेगा?", "हाँ, यही चाहिए था। Thank you!", "अच्छा, मैं देखती हूँ"),
    slots={
        "day": ("सोमवार", "मंगलवार", "बुधवार", "शुक्रवार", "शनिवार"),
        "item": ("काँच का जग", "लैंप", "आईना", "चाय का सेट", "फूलदान"),
    },
)
