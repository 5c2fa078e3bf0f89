"""Templates of a WhatsApp account (WABA) at the Graph API, in Meta's own shape. Typed templates are the business of a slice.

Source: WhatsApp Business Management API, "Message templates"; checked 2026-09.
"""

from collections.abc import Mapping

from sigma.connectors.whatsapp.graph_calls import GraphCalls, Json

TEMPLATE_FIELDS = (
    "id,name,language,status,category,previous_category,correct_category,sub_category,components,parameter_format,rejected_reason,"
    "quality_score,message_send_ttl_seconds,library_template_name,cta_url_link_tracking_opted_out"
)


class TemplateCalls(GraphCalls):
    """The calls about templates."""

    async def list_templates(
        self, waba_id: str, token: str, *, fields: str = TEMPLATE_FIELDS, where: Mapping[str, str] | None = None, proof: str | None = None
    ) -> list[Json]:
        """Return all templates of an account, all pages. `where` narrows by Meta's own words, such as `{"status": "APPROVED"}`.

        The filter `name` finds more than the exact name: compare. Raises: GraphError.
        """
        params = {"fields": fields, **(where or {})}
        return await self.list_all(waba_id, token, edge="message_templates", params=params, proof=proof)

    async def create_template(self, waba_id: str, token: str, template: Json, *, proof: str | None = None) -> Json:
        """Send a template in; return `{id, status, category}`. The category may be another than the one asked for. Raises: GraphError."""
        return await self.call("POST", waba_id, token, edge="message_templates", json=template, proof=proof)

    async def edit_template(self, template_id: str, token: str, changes: Json, *, proof: str | None = None) -> Json:
        """Change a template; `components` replaces the whole list. An approved one takes one edit in 24 hours. Raises: GraphError."""
        return await self.call("POST", template_id, token, json=changes, proof=proof)

    async def delete_template(
        self, waba_id: str, token: str, *, name: str, template_id: str | None = None, proof: str | None = None
    ) -> None:
        """Delete one translation, or without its id **all languages** of this name. Raises: GraphError."""
        params = {"name": name} if template_id is None else {"hsm_id": template_id, "name": name}
        await self.call("DELETE", waba_id, token, edge="message_templates", params=params, proof=proof)
