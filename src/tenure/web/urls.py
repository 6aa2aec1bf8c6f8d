"""Every address of the staff pages. A page needs a sign-in unless its view says otherwise."""

from __future__ import annotations

from django.urls import path

from tenure.web import (
    api_page,
    audit_log,
    briefs,
    keys,
    member,
    membership,
    model,
    oidc_signin,
    playbooks,
    queue,
    queue_actions,
    runs,
    second_factor,
    sending,
    settings,
    signin,
    today,
    tokens,
)
from tenure.web.api import service
from tenure.web.public import answer, offer, unsubscribe

urlpatterns = [
    path("", today.page, name="today"),
    path("today.csv", today.as_csv, name="today-csv"),
    path("today.json", today.as_json, name="today-json"),
    path("months.<str:form>", today.months_file, name="months-file"),
    path("members/<path:member_id>/history.<str:form>", member.history_file, name="history-file"),
    path("members/<path:member_id>/", member.page, name="member"),
    path("queue/", queue.page, name="queue"),
    path("queue.csv", queue.as_csv, name="queue-csv"),
    path("queue.json", queue.as_json, name="queue-json"),
    path("queue/bulk", queue.bulk, name="queue-bulk"),
    path("queue/decide", queue_actions.decide, name="queue-decide"),
    path("queue/approve", queue_actions.approve_many, name="queue-approve"),
    path("queue/undo", queue_actions.undo, name="queue-undo"),
    path("queue/<int:proposal>/reject", queue_actions.reject_form, name="queue-reject"),
    path("queue/<int:proposal>/revoke", queue_actions.revoke_form, name="queue-revoke"),
    path("queue/step/<int:step>/edit", queue_actions.edit, name="queue-edit"),
    path("queue/step/<int:step>/preview", queue_actions.preview, name="queue-preview"),
    path("queue/step/<int:step>/sample", queue_actions.sample, name="queue-sample"),
    path("playbooks/", playbooks.page, name="playbooks"),
    path("playbooks/<slug:name>/", playbooks.one, name="playbook"),
    path("playbooks/<slug:name>/switch", playbooks.switch, name="playbook-switch"),
    path("audit/", audit_log.page, name="audit"),
    path("audit.csv", audit_log.as_csv, name="audit-csv"),
    path("sending/", sending.page, name="sending"),
    path("sending/pause", sending.pause, name="sending-pause"),
    path("sending/resume", sending.resume, name="sending-resume"),
    path("sending/outcome", sending.outcome, name="sending-outcome"),
    path("sending/replay", sending.replay, name="sending-replay"),
    path("reports/", briefs.page, name="reports"),
    path("reports/choose", briefs.choose, name="report-choose"),
    path("reports/<slug:kind>.<slug:form>", briefs.as_file, name="report-file"),
    path("keys/", keys.page, name="keys"),
    path("settings/", settings.page, name="settings"),
    path("settings/tokens/", tokens.page, name="tokens"),
    path("settings/tokens/revoke", tokens.revoke, name="token-revoke"),
    path("settings/second-factor/", second_factor.page, name="second-factor"),
    path("settings/second-factor/off", second_factor.off, name="second-factor-off"),
    path("api/", api_page.page, name="api"),
    *service.patterns(),
    path("membership/", membership.page, name="membership"),
    path("membership.<str:form>", membership.as_file, name="membership-file"),
    path("membership/<str:key>.<str:form>", membership.figure_file_of, name="membership-figure"),
    path("model/", model.page, name="model"),
    path("model/<str:key>.<str:form>", model.figure_file_of, name="model-file"),
    path("runs/", runs.page, name="runs"),
    path("runs.<str:form>", runs.as_file, name="runs-file"),
    path("runs/<int:number>/", runs.one, name="run"),
    path("m/unsubscribe/<str:token>", unsubscribe.page, name="public-unsubscribe"),
    path("m/answer/<str:token>", answer.page, name="public-answer"),
    path("m/offer/<str:token>", offer.page, name="public-offer"),
    path("sign-in", signin.sign_in, name="sign-in"),
    path("sign-in/provider", oidc_signin.begin, name="oidc"),
    path("sign-in/provider/done", oidc_signin.done, name="oidc-done"),
    path("sign-in/code", second_factor.ask, name="sign-in-code"),
    path("sign-out", signin.sign_out, name="sign-out"),
    path("health", signin.health, name="health"),
]

handler400 = "tenure.web.errors.unclear"
handler403 = "tenure.web.errors.refused"
handler404 = "tenure.web.errors.missing"
handler500 = "tenure.web.errors.broken"
