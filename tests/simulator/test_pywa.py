"""A client that other people wrote, unchanged, against the simulator: what pywa sends and reads is what Meta takes and gives."""

import httpx
import pytest
from pywa import errors
from pywa.client import WhatsApp
from pywa.types import templates as t
from pywa.types.callback import Button, Section, SectionList, SectionRow, URLButton
from pywa.types.others import Contact, Pagination

from cloud_api_simulator import files

pytest_plugins = ["cloud_api_simulator.pytest_plugin"]

ANA = "5511955550110"


@pytest.fixture
def wa(cloud_api):
    settings = cloud_api.settings
    with httpx.Client(trust_env=False) as session:
        wa = WhatsApp(
            phone_id=settings.phone_number_id,
            token=settings.access_token,
            waba_id=settings.waba_id,
            app_id=settings.app_id,
            app_secret=settings.app_secret,
            session=session,
        )
        session.base_url = f"{cloud_api.base_url}/v25.0"  # pywa has no setting for it
        yield wa


@pytest.fixture
def ana(cloud_api):
    """Ana has just written: her service window is open. The value is the id of her message."""
    return cloud_api.write("ana", "oi")


def sent(cloud_api):
    return [(entry["kind"], entry["content"][entry["kind"]]) for entry in cloud_api.ledger(direction="outbound")]


def test_a_text_with_a_tracker_goes_out_once(wa, ana, cloud_api):
    message = wa.send_message(ANA, "Olá *Ana*", reply_to_message_id=ana, tracker="row=1", preview_url=True)
    assert message.id == cloud_api.sends(callback_data="row=1")["message_ids"][0]
    (entry,) = cloud_api.ledger(direction="outbound")
    assert (entry["to"], entry["content"]["text"]["body"], entry["content"]["context"]) == (ANA, "Olá *Ana*", {"message_id": ana})


def test_buttons_a_list_and_a_link(wa, ana, cloud_api):
    wa.send_message(ANA, "Tudo certo?", header="Pedido", footer="Obrigado", buttons=[Button("Sim", "yes"), Button("Não", "no")])
    rows = [SectionRow(title="Expressa", callback_data="express", description="amanhã")]
    wa.send_message(ANA, "Qual entrega?", buttons=SectionList("Opções", sections=[Section("Entrega", rows)]))
    wa.send_message(ANA, "Veja", buttons=URLButton("Abrir", "https://shop.example/42"))
    wa.request_location(ANA, "Onde você está?")
    assert [content["type"] for _, content in sent(cloud_api)] == ["button", "list", "cta_url", "location_request_message"]
    pressed = cloud_api.act("ana", "press", message_id=cloud_api.ledger(direction="outbound")[0]["message_id"], button="no")
    assert pressed["told"][0]["interactive"]["button_reply"]["title"] == "Não"


def test_a_location_a_contact_and_a_reaction(wa, ana, cloud_api):
    wa.send_location(ANA, latitude=-23.5, longitude=-46.6, name="Loja", address="Rua 1")
    wa.send_contact(
        ANA, Contact(name=Contact.Name(formatted_name="Bia Lima", first_name="Bia"), phones=[Contact.Phone(phone="+1 202 555 0143")])
    )
    wa.send_reaction(ANA, emoji="👍", message_id=ana)
    wa.remove_reaction(ANA, message_id=ana)
    assert [kind for kind, _ in sent(cloud_api)] == ["location", "contacts", "reaction", "reaction"]


def test_media_are_uploaded_sent_read_back_and_deleted(wa, ana, cloud_api, tmp_path):
    picture = files.content(files.PNG, 1)
    media = wa.upload_media(picture, mime_type="image/png", filename="a.png")
    url = wa.get_media_url(media.id)
    assert (url.mime_type, url.file_size) == ("image/png", len(picture))
    assert wa.get_media_bytes(url.url) == picture
    assert wa.download_media(url=url.url, path=tmp_path, filename="copy.png").read_bytes() == picture
    wa.send_image(ANA, media.id, caption="foto")
    wa.send_document(ANA, files.content(files.PDF, 2), filename="nota.pdf", mime_type="application/pdf")
    wa.send_audio(ANA, files.content(files.MP3, 0), mime_type="audio/mpeg", is_voice=False)
    wa.send_video(ANA, files.content(files.MP4, 0), mime_type="video/mp4")
    wa.send_sticker(ANA, files.content(files.WEBP, 0), mime_type="image/webp")
    assert [kind for kind, _ in sent(cloud_api)] == ["image", "document", "audio", "video", "sticker"]
    assert wa.delete_media(media.id)
    with pytest.raises(errors.WhatsAppError):
        wa.get_media_url(media.id)


def test_a_message_is_marked_as_read_and_typing_shown(wa, ana, cloud_api):
    assert wa.mark_message_as_read(ana)
    assert wa.indicate_typing(ana)
    (entry,) = cloud_api.ledger(direction="inbound")
    assert entry["statuses"] == ["read", "typing"]


def test_templates_are_created_sent_listed_and_deleted(wa, cloud_api):
    template = t.Template(
        name="parcel_here",
        category=t.TemplateCategory.UTILITY,
        language=t.TemplateLanguage.ENGLISH_US,
        parameter_format=t.ParamFormat.NAMED,
        components=[
            header := t.HeaderText(text="Order {{order}}", order="42"),
            body := t.BodyText(
                text="Hi {{name}}, your parcel is waiting at the shop until {{day}}, see you then.", name="Ann", day="Friday"
            ),
            t.FooterText(text="Lucky Shrub"),
            t.Buttons(
                buttons=[
                    later := t.QuickReplyButton(text="Later"),
                    link := t.URLButton(text="Track", url="https://shop.example/{{1}}", example="https://shop.example/42"),
                ]
            ),
        ],
    )
    created = wa.create_template(template)
    assert (created.status, created.category) == (t.TemplateStatus.PENDING, t.TemplateCategory.UTILITY)
    with pytest.raises(errors.TemplateNotExists):
        wa.send_template(ANA, "parcel_here", t.TemplateLanguage.ENGLISH_US, [])
    cloud_api.wait_until_idle()
    params = [
        header.params(order="7"),
        body.params(name="Ana", day="Monday"),
        later.params(callback_data="later", index=0),
        link.params(url_variable="7", index=1),
    ]
    assert wa.send_template(ANA, "parcel_here", t.TemplateLanguage.ENGLISH_US, params).id
    details = wa.get_template(created.id)
    assert (details.name, details.status, len(details.components)) == ("parcel_here", t.TemplateStatus.APPROVED, 4)
    assert [each.name for each in wa.get_templates(name="parcel")] == ["parcel_here"]
    assert wa.delete_template("parcel_here")
    assert list(wa.get_templates(name="parcel")) == []


def test_a_template_with_a_picture_and_one_with_a_code(wa, cloud_api):
    media = wa.upload_media(files.content(files.PNG, 1), mime_type="image/png", filename="a.png")
    sale = [
        t.HeaderImage.params(image=media.id),
        t.BodyText.params(first_name="Ana", discount="20 %"),
        t.URLButton.params(url_variable="summer", index=0),
        t.CopyCodeButton.params(coupon_code="SUMMER20", index=1),
    ]
    wa.send_template(ANA, "seasonal_sale", t.TemplateLanguage.ENGLISH_US, sale)
    code = t.Template(
        name="login_code",
        category=t.TemplateCategory.AUTHENTICATION,
        language=t.TemplateLanguage.ENGLISH_US,
        components=[
            t.AuthenticationBody(add_security_recommendation=True),
            t.AuthenticationFooter(code_expiration_minutes=5),
            t.Buttons(buttons=[t.CopyCodeOTPButton(text="Copy")]),
        ],
    )
    wa.create_template(code)
    cloud_api.wait_until_idle()
    params = [t.AuthenticationBody.params(otp="123456"), t.CopyCodeOTPButton.params(otp="123456")]
    assert wa.send_template(ANA, "login_code", t.TemplateLanguage.ENGLISH_US, params).id
    assert [entry["content"]["template"]["name"] for entry in cloud_api.ledger(direction="outbound")] == ["seasonal_sale", "login_code"]


def test_the_list_of_templates_is_read_page_by_page(wa):
    page = wa.get_templates(pagination=Pagination(limit=3))
    assert (len(page), page.total_count, page.has_next, page.has_previous) == (3, 8, True, False)
    rest = wa.get_templates(pagination=Pagination(limit=9, after=page.after))
    assert (len(rest), rest.has_next, rest.has_previous) == (5, False, True)
    approved = wa.get_templates(statuses=[t.TemplateStatus.APPROVED], categories=[t.TemplateCategory.AUTHENTICATION])
    assert [each.name for each in approved] == ["verification_code"]


def test_the_number_and_the_account_are_described(wa, cloud_api):
    number = wa.get_business_phone_number()
    assert (number.id, number.quality_rating, number.status) == (cloud_api.settings.phone_number_id, "GREEN", "CONNECTED")
    assert number.health_status["can_send_message"] == "AVAILABLE"
    assert [each.id for each in wa.get_business_phone_numbers()] == [number.id]
    assert wa.get_business_account().id == cloud_api.settings.waba_id
    assert wa.get_business_profile().about
    assert wa.update_business_profile(about="Open daily")
    assert wa.get_business_profile().about == "Open daily"


def test_the_number_leaves_and_comes_back(wa, ana):
    assert wa.deregister_phone_number()
    with pytest.raises(errors.WhatsAppError) as refused:
        wa.send_message(ANA, "oi")
    assert refused.value.code == 133010
    assert wa.register_phone_number(pin="123456")
    assert wa.send_message(ANA, "oi").id


def test_users_are_blocked_and_unblocked(wa, ana, cloud_api):
    assert wa.block_users([ANA]).added_users
    assert [user.wa_id for user in wa.get_blocked_users()] == [ANA]
    wa.send_message(ANA, "oi")
    cloud_api.wait_until_idle()
    assert wa.unblock_users([ANA]).removed_users
    assert list(wa.get_blocked_users()) == []
    with pytest.raises(errors.WhatsAppError):
        wa.block_users(["15559990000"])


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (131047, errors.ReEngagementMessage),
        (131056, errors.TooManyMessages),
        (132001, errors.TemplateNotExists),
        (131042, errors.BusinessPaymentIssue),
        (190, errors.WhatsAppError),
    ],
)
def test_an_error_can_be_ordered_by_number(wa, code, error):
    with pytest.raises(error) as refused:
        wa.send_message(f"15550000{code:06d}", "oi")
    assert refused.value.code == code
