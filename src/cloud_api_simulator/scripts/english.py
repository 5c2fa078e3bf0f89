"""English of the United States."""

from cloud_api_simulator.scripts.steps import Episode, Phrasebook, at_once, reply, say, send

_LATE = Episode(
    "late order",
    (
        say(
            "Hi there! Order {order} was supposed to arrive on {day} and I still don't have it",
            "Hello, any update on order {order}? Tracking hasn't moved since {day}.",
            "hey, where's my package? order {order} 📦",
        ),
        at_once(say("Can you check with the carrier please?", "Is it lost?")),
        send("template_button", "Track my order", payload="TRACK_ORDER"),
        say("It says out for delivery but nobody came", "Ok so it's in Newark now. When will it get here?"),
        send("voice"),
        send("reaction", emoji="❤️"),
        reply("Thanks, appreciate the quick reply!", "Got it, thank you so much"),
        send("reaction_removed"),
        say("It just arrived 🎉 thanks again!", "All good now. Have a nice day!"),
    ),
)
_ADDRESS = Episode(
    "new address",
    (
        say("I typed the wrong address for order {order}, can you still change it?", "Just moved! Could order {order} go to my new place?"),
        send("location", latitude=38.889484, longitude=-77.035279, name="Washington Monument", address="2 15th St NW, Washington, DC"),
        at_once(say("Apartment 4B, the buzzer is broken so please knock")),
        send("edit", "Apartment 4D, the buzzer is broken so please knock"),
        send("contacts", first_name="Jamie", last_name="Lee", phone="+1 202 555 0177"),
        say("If I'm out, please call my neighbor instead", "That's my neighbor, they can take it too"),
        send("unsupported", type="poll_creation"),
        say("oops, polls don't work here I guess 😅", "Never mind that last one"),
    ),
)
_DAMAGED = Episode(
    "damaged item",
    (
        say("{item} from order {order} showed up cracked :(", "So I opened order {order} and {item} is broken"),
        send("image", "See the corner?", "This is how it came out of the box"),
        at_once(send("video", "and the noise it makes")),
        send("list_reply", id="replace", title="Send a replacement", description="Ships in 1-2 business days"),
        send("document", "Here's the receipt if you need it", filename="receipt-{order}.pdf"),
        send("audio"),
        say("Do I need to send the old one back?", "How long does the replacement take?"),
        say("Perfect, thank you!", "You're the best, thanks 🙌"),
    ),
)

PHRASEBOOK = Phrasebook(
    episodes=(_LATE, _ADDRESS, _DAMAGED),
    answers=(
        "Great, thank you!",
        "Ok, I'll wait then",
        "How long does that usually take?",
        "Oh nice, that's exactly what I needed 😊",
        "Sounds good, thanks for the help",
    ),
    slots={
        "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
        "item": ("the blender", "the desk lamp", "the picture frame", "the mug", "the wall clock"),
    },
)
