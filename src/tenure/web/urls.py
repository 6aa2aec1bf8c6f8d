"""Every address of the staff pages. A page needs a sign-in unless its view says otherwise."""

from __future__ import annotations

from django.urls import path

from tenure.web import member, model, runs, signin, today

urlpatterns = [
    path("", today.page, name="today"),
    path("today.csv", today.as_csv, name="today-csv"),
    path("today.json", today.as_json, name="today-json"),
    path("months.<str:form>", today.months_file, name="months-file"),
    path("members/<path:member_id>/history.<str:form>", member.history_file, name="history-file"),
    path("members/<path:member_id>/", member.page, name="member"),
    path("model/", model.page, name="model"),
    path("model/<str:key>.<str:form>", model.figure_file_of, name="model-file"),
    path("runs/", runs.page, name="runs"),
    path("runs.<str:form>", runs.as_file, name="runs-file"),
    path("runs/<int:number>/", runs.one, name="run"),
    path("sign-in", signin.sign_in, name="sign-in"),
    path("sign-out", signin.sign_out, name="sign-out"),
    path("health", signin.health, name="health"),
]

handler400 = "tenure.web.errors.unclear"
handler403 = "tenure.web.errors.refused"
handler404 = "tenure.web.errors.missing"
handler500 = "tenure.web.errors.broken"
