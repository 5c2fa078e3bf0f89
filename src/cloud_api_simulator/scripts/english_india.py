"""English of India."""

from cloud_api_simulator.scripts.steps import Episode, Phrasebook, at_once, reply, say, send

_LATE = Episode(
    "late order",
    (
        say(
            "Hello sir/madam, order {order} was to come on {day} only. Kindly update.",
            "Hi team, it's been 4 days, order {order} not received till now 😕",
            "Good morning, what is the status of order {order}? Promised date was {day}.",
        ),
        send("button_reply", id="track-order", title="Track order"),
        say("It is showing out for delivery since morning", "Courier person is not picking up the phone"),
        at_once(send("voice")),
        reply("Ok noted, thank you", "Sure, will wait till evening"),
        say("Received just now, thanks a lot 🙏", "Got the parcel. Thanks for the support!"),
    ),
)
_INVOICE = Episode(
    "invoice with GST number",
    (
        say("I need GST invoice for order {order}", "Can you share the invoice of order {order} with GST number?"),
        send("flow_reply", flow_token="invoice-{order}", company="Patel Traders", gstin="24AAAAA0000A1Z5"),
        say("Filled the form, please check once"),
        send("document", "This is the one I got earlier", filename="invoice_{order}.pdf"),
        at_once(say("Name is spelled wrong here")),
        send("reaction", emoji="👍"),
        say("Perfect, thanks for the quick help", "Great, accounts team will be happy 😄"),
    ),
)
_DAMAGED = Episode(
    "damaged item",
    (
        say("{item} came damaged, order {order}. Please do the needful.", "Order {order}: {item} is not working"),
        send("image", "See the crack on the side", "Box was also torn"),
        send("list_reply", id="replace", title="Send a replacement", description="4 to 6 business days"),
        send("location", latitude=23.022505, longitude=72.571362, name="Ahmedabad", address="Ellis Bridge, Ahmedabad, Gujarat"),
        at_once(say("Pickup can be done from here after 6 pm")),
        send("sticker"),
    ),
)

PHRASEBOOK = Phrasebook(
    episodes=(_LATE, _INVOICE, _DAMAGED),
    answers=(
        "Ok, thank you",
        "Noted. How many days will it take?",
        "Thanks a lot for the update 🙏",
        "Fine, please keep me posted",
        "Yes yes, that one only",
    ),
    slots={
        "day": ("Monday", "Tuesday", "Thursday", "Friday", "Saturday"),
        "item": ("the pressure cooker", "the table fan", "the wall clock", "the steel bottle", "the study lamp"),
    },
)
