"""Spanish of Spain and Mexico."""

from cloud_api_simulator.scripts.steps import Episode, Phrasebook, at_once, reply, say, send

_LATE = Episode(
    "late order",
    (
        say(
            "Hola, ¿saben algo del pedido {order}? Tenía que llegar el {day}",
            "Buenas, mi pedido {order} va con retraso. ¿Me pueden ayudar?",
            "¡Hola! Pagué envío urgente y el pedido {order} no llega desde el {day} 😤",
        ),
        send("template_button", "Ver estado del pedido", payload="ORDER_STATUS"),
        say("Pone «en reparto» pero aquí no ha venido nadie", "Según la web sigue en el centro de distribución… ¿es normal?"),
        at_once(say("Yo estoy en casa hasta las 6")),
        send("reaction", emoji="👍"),
        reply("Vale, gracias por avisar", "De acuerdo, espero su llamada. ¡Gracias!"),
        send("reaction_removed"),
        say("Al final llegó, todo bien 😊", "Ya está aquí. ¡Mil gracias!"),
    ),
)
_CART = Episode(
    "order from the catalogue",
    (
        say("Buenas, quisiera hacer un pedido para regalo 🎁", "Hola, vi su catálogo y quiero {item}"),
        send("order", "¿Me lo envuelven para regalo?", product_retailer_id="TAZA-AZUL-01", quantity=2, item_price=12.5, currency="EUR"),
        send("contacts", first_name="Carmen", last_name="Ruiz", phone="+34 600 555 099"),
        at_once(say("Es para ella, que lo reciba directamente")),
        send("flow_reply", flow_token="checkout-{order}", delivery_day="{day}", gift_wrap=True),
        say("Listo, ya completé el formulario", "Hecho, ¿cuándo lo envían?"),
    ),
)
_DAMAGED = Episode(
    "damaged item",
    (
        say("Me llegó {item} con un golpe. Es el pedido {order}", "Hola, {item} vino con una grieta 😞 Pedido {order}"),
        send("image", "Así llegó la caja", "Se ve la rotura en la esquina"),
        at_once(send("video", "Y así suena al moverlo")),
        send("button_reply", id="refund", title="Quiero reembolso"),
        say("Perdón, mejor un cambio. ¿Se puede?", "¿En cuántos días me devuelven el dinero?"),
        send("voice"),
        say("Perfecto, muchas gracias por la ayuda", "Genial, quedo pendiente. ¡Gracias!"),
    ),
)

PHRASEBOOK = Phrasebook(
    episodes=(_LATE, _CART, _DAMAGED),
    answers=(
        "¡Perfecto, gracias!",
        "Vale, quedo a la espera",
        "¿Y eso cuánto tarda más o menos?",
        "Muy amable 😊",
        "Sí, justo eso. Gracias",
    ),
    slots={
        "day": ("lunes", "martes", "miércoles", "jueves", "viernes"),
        "item": ("la lámpara", "el jarrón", "la batidora", "el marco de fotos", "la taza azul"),
    },
)
