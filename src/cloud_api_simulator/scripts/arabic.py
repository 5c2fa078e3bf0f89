"""Arabic of Egypt, written from right to left."""

from cloud_api_simulator.scripts.steps import Episode, Phrasebook, at_once, reply, say, send

_LATE = Episode(
    "late order",
    (
        say(
            "السلام عليكم، طلبي رقم {order} كان المفروض يوصل يوم {day} ولسه ما وصلش",
            "مساء الخير، فين الطلب {order}؟ الموعد كان {day}",
            "لو سمحت عايز أعرف الطلب {order} اتأخر ليه 😕",
        ),
        at_once(say("ممكن حد يتابع مع شركة الشحن؟")),
        send("button_reply", id="track-order", title="تتبع الطلب"),
        send("voice"),
        reply("تمام، شكرًا على المتابعة", "ماشي، هستنى اتصالكم"),
        send("reaction", emoji="🌹"),
        say("الطلب وصل الحمد لله، شكرًا جزيلًا", "وصل دلوقتي، تسلموا 🙏"),
    ),
)
_ADDRESS = Episode(
    "new address",
    (
        say("عايز أغير عنوان الطلب {order} لو سمحت", "ممكن الطلب {order} يروح على عنوان تاني؟"),
        send("location", latitude=30.044420, longitude=31.235712, name="ميدان التحرير", address="ميدان التحرير، القاهرة"),
        at_once(say("العمارة اللي جنب الصيدلية، الدور التالت، شقة 7")),
        send("edit", "العمارة اللي جنب الصيدلية، الدور التالت، شقة 9"),
        send("template_button", "تأكيد العنوان", payload="CONFIRM_ADDRESS"),
        say("تمام كده، شكرًا ليكم", "الله ينور عليكم 👏"),
    ),
)
_DAMAGED = Episode(
    "damaged item",
    (
        say("{item} وصل مكسور، رقم الطلب {order}", "للأسف {item} فيه عيب (طلب {order})"),
        send("image", "دي صورة المنتج", "الكرتونة كمان كانت مفتوحة"),
        send("list_reply", id="exchange", title="استبدال المنتج", description="خلال 3 أيام عمل"),
        send("order", "وعايز كمان من ده لو متاح", product_retailer_id="MUG-GREEN-02", quantity=1, item_price=180, currency="EGP"),
        say("هتيجوا تستلموا القديم إمتى؟", "أنا موجود في البيت بعد الساعة 5"),
        send("sticker"),
    ),
)

PHRASEBOOK = Phrasebook(
    episodes=(_LATE, _ADDRESS, _DAMAGED),
    answers=("شكرًا جزيلًا", "تمام، فهمت", "وهتاخد وقت قد إيه؟", "أيوه هو ده، شكرًا 🙏", "ماشي، هستنى منكم رد"),
    slots={
        "day": ("الأحد", "الاثنين", "الثلاثاء", "الأربعاء", "الخميس"),
        "item": ("الخلاط", "المصباح", "طقم الأكواب", "الإطار", "الكرسي"),
    },
)
