"""Texts of records that are not fit to stand in a message to a member, nor to be told to a language model.

A title or a name is whatever somebody typed into a form. One that carries a link, a number to call, an amount, a
promise or an order to whoever reads it is set aside, and staff are told; the clause that needed it is left out.
"""

from __future__ import annotations

import re

from tenure.outreach.stated import statements
from tenure.outreach.values import clean, has_hidden, holds_link

LONGEST = 160
_ORDER = re.compile(
    r"(?i)\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:previous|above|prior|all|everything|instructions?|rules)\b|"
    r"\b(?:system|assistant|user|developer) ?(?:prompt|message)?\s*:|\bnew instructions?\b|\byou are now\b|"
    r"\b(?:instructions?|anweisungen|instrucciones|polecenia|jailbreak)\b|\bact as\b|\bsay(?: that| the|:)|"
    r"\byou (?:are|were|have been|must|owe)\b|"
    r"\b(?:tell|ask|remind) (?:the member|members|them|him|her)\b|\bwrite (?:that|:|to)|\breply with\b|"
    r"\b(?:append|include|mention|list|decode|execute|output|promise|offer)\b.{0,20}\b(?:the|that|and|a|all|to)\b"
)
_PROMISE = re.compile(
    r"(?i)\b(?:refund\w*|guarantee\w*|reimburse\w*|waive\w*|money[- ]back|gift cards?|vouchers?|prizes?|for free|"
    r"free for|free of charge|at no cost|no charge|complimentary|discount\w*|bonus|cash ?back|"
    r"you (?:won|win|get|receive)|bitcoin|iban|wire|kostenlos\w*|gratis|gratuit\w*|schenk\w*|rabatt\w*|"
    r"remboursement\w*|descuento\w*|reembolso\w*|"
    r"obieca\w*|zwrot\w*|promet\w*)\b|退款|承诺|استرداد|возврат|обещ"
)
_CODE = re.compile(r"[A-Za-z0-9+/=_-]{25,}")


def why_unfit(words: str) -> str:
    """Why *words* are not fit to be said to a member, to follow "its text"; empty where they are."""
    if has_hidden(words):
        return "holds characters that nobody sees"
    plain = clean(words)
    if len(plain) > LONGEST:
        return "is too long"
    if holds_link(plain):
        return "holds a link or an address"
    if any(sign in plain for sign in "{}<>[]|`\\"):
        return "holds signs of a program"
    if _ORDER.search(plain) or _CODE.search(plain) or _mixes_alphabets(plain):
        return "reads as if it told somebody what to do, or is in code"
    if _PROMISE.search(plain):
        return "reads as a promise"
    return "names an amount or a number to call" if _names_amount(plain) else ""


def _names_amount(plain: str) -> bool:
    return any(
        one.kind == "phone" or (one.kind == "figure" and not one.value.replace(".", "").isdigit())
        for one in statements(plain)
    )


def _mixes_alphabets(plain: str) -> bool:
    """Whether one word has letters of two alphabets, as look-alikes have."""
    for word in re.findall(r"[^\W\d_]+", plain):
        latin = any(c.isascii() for c in word)
        other = any("\u0370" <= c <= "\u058f" for c in word)
        if latin and other:
            return True
    return False
