"""The second factor: asked for at sign-in, put on a telephone, and turned off."""

from __future__ import annotations

import segno
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tenure.base.errors import UsageError
from tenure.ledger import factors, staff
from tenure.ledger.models import Staff
from tenure.web import place, words
from tenure.web.roles import Gate, reader
from tenure.web.signin import HALF, THROTTLED, begin_session

_WORD = "factor"
_HALF_SECONDS = 5 * 60
_OPEN = frozenset({"second-factor", "second-factor-off", "sign-out"})


@login_not_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The second half of a sign-in; whoever comes without the first is sent to it."""
    person, following = _half(request)
    if person is None:
        return redirect("sign-in")
    if request.method != "POST":
        return _code_form(request)
    guess = {"username": person.username, "address": request.META.get("REMOTE_ADDR", "")}
    if staff.is_throttled(**guess, clock=place.now):
        staff.note_throttled(**guess, clock=place.now)
        return _code_form(request, THROTTLED, status=429)
    code = request.POST.get("code", "")[:40]
    right = factors.is_right(person=person, code=code, now=place.session_now(), clock=place.now)
    staff.note_guess(**guess, right=right, clock=place.now)
    if not right:
        return _code_form(request, "That code is not right, or was used already.")
    begin_session(request, person)
    return redirect(following)


@sensitive_post_parameters("code", "password")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Whether there is one; where there is none, what to put into the telephone, and a form that proves it."""
    if factors.has(reader(request)):
        return _shown(request)
    if request.method != "POST":
        return _offer(request)
    if not is_them(request):
        return _offer(request, "That is not your password.", status=422)
    try:
        code = request.POST.get("code", "")[:40]
        word, now = request.session.get(_WORD, ""), place.session_now()
        codes = factors.confirm(person=reader(request), word=word, code=code, now=now, clock=place.now)
    except UsageError as error:
        return _offer(request, words.trouble(error), status=422)
    request.session.pop(_WORD, None)
    # Whoever signed in elsewhere without it has to do so again with it.
    name = request.user.get_username()
    update_session_auth_hash(request, staff.end_sessions(username=name, by=name, clock=place.now))
    return _shown(request, codes=codes)


@sensitive_post_parameters("password")
@require_POST
def off(request: HttpRequest) -> HttpResponse:
    """Turn one's own off, by the password."""
    if not is_them(request):
        return _shown(request, trouble="That is not your password.", status=422)
    factors.end(person=reader(request), by=request.user.get_username(), clock=place.now)
    return redirect("second-factor")


class FactorGate(Gate):
    """Opens nothing but the page that sets it up to those whom `web.second_factor` asks for one that they lack."""

    def stopped(self, request: HttpRequest, route: str) -> HttpResponse | None:
        if route in _OPEN or not request.user.is_authenticated:
            return None
        return redirect("second-factor") if lacks(request) else None


def lacks(request: HttpRequest) -> bool:
    """Whether the reader has to have a second factor and has none; a token and another provider have their own."""
    rule = place.settings().web.second_factor
    if rule == "optional" or getattr(request, "token", None) or request.session.get("via"):
        return False
    return factors.is_wanted(reader(request), rule) and not factors.has(reader(request))


def _half(request: HttpRequest) -> tuple[Staff | None, str]:
    """Who has given the right password just now, and where they want to go."""
    half = request.session.get(HALF)
    if not half or int(place.session_now().timestamp()) - half["at"] > _HALF_SECONDS:
        return None, "/"
    return Staff.objects.filter(pk=half["pk"], is_active=True).first(), half["next"]


def is_them(request: HttpRequest) -> bool:
    """Whether the form came from whoever knows the password; an account of another provider has none."""
    person = reader(request)
    if not person.has_usable_password():
        return True
    guess = {"username": person.get_username(), "address": request.META.get("REMOTE_ADDR", "")}
    if staff.is_throttled(**guess, clock=place.now):
        return False
    right = person.check_password(request.POST.get("password", "")[:1024])
    if not right:
        staff.note_guess(**guess, right=False, clock=place.now)
    return right


def _code_form(request: HttpRequest, trouble: str = "", *, status: int = 200) -> HttpResponse:
    return render(request, "sign_in_code.html", {"trouble": trouble}, status=status)


def _offer(request: HttpRequest, trouble: str = "", *, status: int = 200) -> HttpResponse:
    # Looking changes nothing in the ledger: what is begun lies in the session until it is proved.
    word = request.session.setdefault(_WORD, factors.new_word())
    secret = factors.secret_of(reader(request), word)
    uri = factors.address(secret, reader(request), place.settings().association.name)
    context = {
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "picture": segno.make(uri, error="m").svg_inline(scale=5, light="#fff", svgclass=None, lineclass=None),
        "trouble": trouble, "has_password": reader(request).has_usable_password(), "must": lacks(request),
    }  # fmt: skip
    return render(request, "second_factor.html", context, status=status)


def _shown(
    request: HttpRequest, *, trouble: str = "", status: int = 200, codes: list[str] | None = None
) -> HttpResponse:
    left, password = factors.codes_left(reader(request)), reader(request).has_usable_password()
    context = {"is_on": True, "codes": codes or [], "left": left, "trouble": trouble, "has_password": password}
    return render(request, "second_factor.html", context, status=status)
