"""Portuguese of Brazil."""

from cloud_api_simulator.scripts.steps import Episode, Phrasebook, at_once, reply, say, send

_LATE = Episode(
    "late order",
    (
        say(
            "Oi, bom dia! Meu pedido {order} era pra ter chegado {day} e nada ainda 😕",
            "Olá! O pedido {order} está atrasado, a previsão era {day}.",
            "Boa tarde, cadê meu pedido {order}? Era pra chegar {day}…",
        ),
        at_once(say("Vocês conseguem ver onde ele está?", "Dá pra rastrear por aí?")),
        send("button_reply", id="track-order", title="Rastrear pedido"),
        say("Tá, aqui aparece que saiu pra entrega. É isso mesmo?", "O rastreio diz que está no centro de distribuição desde {day}"),
        send("voice"),
        send("reaction", emoji="🙏"),
        say("Valeu pela ajuda! 💚", "Chegou agora! Agradeço a atenção 😊"),
    ),
)
_ADDRESS = Episode(
    "new address",
    (
        say(
            "Preciso mudar o endereço do pedido {order}, ainda dá tempo?", "Oi! Mudei de casa. Consigo trocar o endereço do pedido {order}?"
        ),
        send(
            "location",
            latitude=-23.561414,
            longitude=-46.655881,
            name="Avenida Paulista",
            address="Av. Paulista, 1578 - Bela Vista, São Paulo",
        ),
        at_once(say("É nesse prédio, apto 52")),
        send("edit", "É nesse prédio, apto 54 (digitei errado)"),
        reply("Isso, CEP 01310-200. Pode confirmar?", "Isso mesmo! Fica na portaria, tá?"),
        send("sticker"),
    ),
)
_DAMAGED = Episode(
    "damaged item",
    (
        say("Chegou hoje {item} do pedido {order}, mas veio com um amassado 😢", "Recebi {item} com defeito. Pedido {order}."),
        send("image", "Olha como veio a caixa", "Foto do estrago"),
        at_once(say("Quero trocar, por favor", "Prefiro a troca, não o reembolso")),
        send("list_reply", id="exchange", title="Trocar produto", description="Novo envio em até 3 dias úteis"),
        say("Perfeito, fico no aguardo", "Combinado! Valeu pela rapidez 👏"),
    ),
)

PHRASEBOOK = Phrasebook(
    episodes=(_LATE, _ADDRESS, _DAMAGED),
    answers=(
        "Perfeito, valeu!",
        "Entendi, vou aguardar 🙏",
        "Ok! E quanto tempo demora?",
        "Ah, ótimo! Era isso mesmo",
        "Certo, qualquer coisa chamo de novo",
    ),
    slots={
        "day": ("segunda", "terça", "quarta", "sexta-feira", "sábado"),
        "item": ("a cafeteira", "o liquidificador", "a luminária", "o espelho", "a caneca de porcelana"),
    },
)
