"""German."""

from cloud_api_simulator.scripts.steps import Episode, Phrasebook, at_once, reply, say, send

_LATE = Episode(
    "late order",
    (
        say(
            "Guten Tag, meine Bestellung {order} sollte am {day} ankommen. Wissen Sie Näheres?",
            "Hallo, wo bleibt Bestellung {order}? Angekündigt war {day}.",
            "Moin! Die Sendung {order} hängt seit {day} im Paketzentrum 🙄",
        ),
        send("button_reply", id="track-order", title="Sendung verfolgen"),
        say("Dort steht nur »wird zugestellt«. Können Sie nachfragen?", "Heißt das, sie kommt heute noch?"),
        reply("Danke für die schnelle Rückmeldung!", "Gut, dann warte ich bis morgen. Vielen Dank!"),
        send("reaction", emoji="👍"),
        say("Das Paket ist da. Schöne Grüße!", "Soeben geliefert, alles heil. Danke 😊"),
    ),
)
_INVOICE = Episode(
    "invoice",
    (
        say(
            "Auf der Rechnung zu {order} fehlt unsere USt-IdNr. Könnten Sie das ändern?",
            "Guten Morgen, ich brauche eine korrigierte Rechnung zu {order}.",
        ),
        send("document", "So sieht sie bisher aus", filename="Rechnung_{order}.pdf"),
        at_once(say("Die Firma heißt Groß & Söhne GmbH, Straße des 17. Juni")),
        send("edit", "Die Firma heißt Groß & Söhne KG, Straße des 17. Juni"),
        send("flow_reply", flow_token="invoice-{order}", company="Groß & Söhne KG", vat_id="DE000000000"),
        say("Prima, so passt es. Vielen Dank für die Mühe!", "Perfekt, die Buchhaltung freut sich 😄"),
    ),
)
_DAMAGED = Episode(
    "damaged item",
    (
        say("{item} aus Bestellung {order} hat leider einen Riss.", "Bestellung {order}: {item} kam leider beschädigt an."),
        send("image", "Hier sieht man es gut", "Karton war außen schon eingedrückt"),
        at_once(say("Ups, falscher Chat, Entschuldigung")),
        send("revoke"),
        send("list_reply", id="replacement", title="Ersatz senden", description="Lieferung in 2 bis 4 Werktagen"),
        say("Muss ich das alte Stück zurückschicken?", "Wann kann ich mit dem Ersatz rechnen?"),
        send("sticker"),
    ),
)

PHRASEBOOK = Phrasebook(
    episodes=(_LATE, _INVOICE, _DAMAGED),
    answers=(
        "Super, vielen Dank!",
        "Alles klar, danke.",
        "Verstehe. Wie lange dauert das ungefähr?",
        "Das hilft mir sehr, danke schön 😊",
        "Gut, ich melde mich sonst wieder.",
    ),
    slots={
        "day": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag"),
        "item": ("Die Teekanne", "Die Lampe", "Der Übertopf", "Die Müslischüssel", "Das Regalbrett"),
    },
)
