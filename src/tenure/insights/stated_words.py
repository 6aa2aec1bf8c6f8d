"""The patterns by which `tenure.insights.stated` reads answers, codes of the source and questions.

All are for small letters, words apart by one blank. A line is one way to say something; what is taken out goes before
what is read, since none of these patterns can look back.
"""

from __future__ import annotations

Patterns = tuple[str, ...]

_DUES = (
    r"(?:dues|(?:membership |annual |yearly )?(?:fees?|price[sd]?|pricing|costs?|subscriptions?)(?: of membership)?)"
)
_MONEY = rf"(?:{_DUES}|money)"
_THE = r"(?:(?:the|my|your|our|their|its|any|membership|annual|yearly|renewal) )*"
_ARE = r"(?:(?:is|are|was|were|be|been|being|seem|seems|seemed|have|has|had) )*"
_NOT = r"\b(?:not|never|nothing|nor|neither|hardly|(?:is|was|are|were|do|does|did|has|have|had|wo|would)n't)"
_QUITE = r"(?:(?:a|an|all|at|more|than|just|only|quite|very|really|perfectly|absolutely|still|always|so|too) )*"
_THAT_IT_IS = rf"(?:(?:that|because|think|thought|find|found|say|it's|it|they|is|are|was|were|be|the|your|{_DUES}) )*"
_TROUBLE = r"(?:problem|issue|complaint|objection|concern|obstacle|reason|cause|factor|point|matter)s?"

DENIED: Patterns = (
    # «It was never a question of the price», «not because of it»; but «did not renew because of the price» stays
    rf"{_NOT} {_QUITE}(?:much |mainly |primarily )?(?:about|because of|due to|over|to do with|(?:question|matter) of)"
    rf" {_THE}(?:high |higher )?\w+",
    # «It wasn't the money», «not that it is too expensive», «it is not that I can't afford it»
    rf"{_NOT} {_QUITE}(?:(?:it|was|is) )*{_THE}(?:high |higher )?{_MONEY}\b",
    rf"{_NOT} {_THAT_IT_IS}{_QUITE}(?:expensive|costly|pricey|pricy|overpriced|unaffordable|high|too much)\b",
    rf"{_NOT} (?:that|because|as if) (?:[\w']+ ){{0,3}}afford\w*|\bafford (?:the |that |more |much )?time\b",
    # «The dues did not rise», «you have not raised them»
    rf"{_NOT} (?:be |been )?(?:rais\w*|ris\w*|increas\w*|go(?:ne)? up)\b",
    # «The dues are fine», «price: no problem», «the cost was not the reason», «I have no complaint about the benefits»
    rf"\b{_MONEY}[,:]? {_ARE}{_QUITE}(?:fine|ok|okay|fair|reasonable|affordable|acceptable|good|great|right|low|worth"
    rf"|justified|no {_TROUBLE})\b",
    rf"\b{_MONEY}[,:]? (?:\w+ )?{_NOT}(?: \w+){{0,2}} (?:{_TROUBLE}|bother)\b|\b{_MONEY}[?,:;] no\b",
    rf"\b{_MONEY} (?:\w+ )?(?:nothing to do with|(?:not|\w+n't) matter|play\w* no)\b",
    rf"(?:\bno|\bwithout|{_NOT}) (?:(?:have|had|see|saw|a|any|real) )*{_TROUBLE} (?:with|about|of|to) {_THE}\w+",
    rf"\b(?:happy|fine|ok|okay|content|satisfied|comfortable|pleased) (?:with|about) {_THE}{_MONEY}\b",
    rf"\b(?:gladly|happily|(?:happy|willing|glad) to) (?:pay|paid) {_THE}(?:high |higher )?{_DUES}\b",
    rf"{_NOT} (?:mind|care about) {_THE}{_MONEY}\b",
    rf"\b(?:regardless of|irrespective of|despite|apart from|other than) {_THE}{_MONEY}\b",
    # «I have not retired», «the card has not expired», «I did not forget»
    rf"{_NOT} (?:(?:yet|really|been|be|actually|even|for) )*(?:retir\w*|declined|expired|refus\w*|bounced|fail\w*"
    r"|forg[eo]t\w*|overlooked|stopp\w*|too busy|lack of \w+)",
)
"""What denies a reason, or finds no fault with it."""

BESIDE: Patterns = (
    # What costs money beside membership.
    r"\b(?:registration|conference|congress|event|exam|course|hotel|travel|flight|gala|workshop|training)s?"
    r"(?: (?:ticket|is|are|was|were|too|so|very|far))* (?:fees?|prices?|costs?|expensive|costly|pricey|pricy)\b",
    # Others who retire, and retirement that is yet to come.
    r"\b(?:boss|colleague|husband|wife|partner|father|mother|manager|director|friend|type|category|grade|code)s?"
    r" (?:(?:has|have|had|is|was|just|been) )*retir\w*",
    r"\b(?:before|until|till|when|once|if|far from) (?:i |my )?(?:retire|retirement)\b",
    # Cards that pay nothing, and dues that are up to date.
    r"\b(?:member|membership|id|library|business) cards?\b|\bup[ -]to\b",
)
"""What looks like a reason and is about something else."""

UNPAID_DUES: Patterns = (
    rf"\b(?:non|un)[ -]?pa(?:id|y\w*)\b(?: of)?(?: {_THE}(?:{_DUES}|invoices?))?",
    rf"(?:{_NOT}|\bno|\bfail\w* to|\bfailure to|\bwithout) (?:\w+ )?(?:pay|paid|paying|payment)(?: of)? {_THE}"
    rf"(?:{_DUES}|invoices?|bills?)\b",
    rf"\b(?:{_DUES}|invoice)(?: \w+)?(?: \w+)? (?:not|never|\w+n't)(?: been| yet)? (?:paid|received|settled|made)\b",
    rf"\b(?:{_DUES}|invoice) {_ARE}(?:in )?(?:arrears|outstanding|owing|owed|overdue|past due|delinquent|lapsed)\b",
    rf"\b(?:outstanding|owed|overdue|past due|delinquent|lapsed) {_THE}{_DUES}\b",
)
"""That dues were not paid: how every lapse looks, and no reason for one."""

_OTHERS = r"\b(?:employer|company|firm|boss|workplace|department)\b"
_NO_MORE = r"\b(?:no longer|not|never|stopp?\w*|cut|ended|won'?t|does ?n[o']t|did ?n[o']t|refus\w*)\b"
NO_MORE_PAID_FOR: Patterns = (rf"{_OTHERS}.{{0,40}}{_NO_MORE}.{{0,30}}\b(?:pay\w*|paid|cover\w*|fund\w*|reimburs\w*)",)

PAYMENT_FAILED: Patterns = (
    r"\bcard\b.{0,20}\b(?:fail\w*|declined|expired|refused|rejected|ran out)\b",
    r"\b(?:payment|direct debit|auto ?pay)\b.{0,20}\b(?:fail\w*|declined|refused|rejected|bounced)\b",
    r"\b(?:failed|declined|expired|rejected|refused) (?:(?:credit|debit|bank|card|dues|automatic|auto|recurring) ){0,2}"
    r"(?:card|payment|debit)\b",
    r"\b(?:card|payment|direct debit) (?:did not|didn't|would not|wouldn't) go through\b",
)

HAS_RETIRED: Patterns = (
    r"\bretir(?:ed|ing|ement|e)\b",
    r"\bleft (?:the |this |my )?(?:field|profession|industry|trade)\b",
    r"\b(?:changed|switched) (?:careers?|professions?|fields?)\b|\bcareer change\b",
)

HAS_FORGOTTEN: Patterns = (
    r"\bforg[eo]t\w*",
    r"\b(?:slipped my mind|overlooked|missed the (?:notice|reminder|deadline|date))\b",
)

TOO_DEAR: Patterns = (
    r"\b(?:expensive|costly|pricey|pricy|pricier|overpriced|unaffordable|cheaper|priced out)\b",
    r"\b(?:not|no longer|cannot|\w+n't|unable to|hardly|barely|hard to|difficult to|more|less)(?: \w+){0,2} afford\w*",
    # «The membership fee went up again», «dues increase», «you raised the dues»; «lower dues», asked what would help
    rf"\b{_DUES}(?: \w+){{0,4}} (?:high|higher|steep|rais\w*|rise\w*|rose|increas\w*|doubled|excessive)\b",
    rf"\b{_DUES}(?: \w+){{0,4}} (?:went|gone|go|going|are) up\b|\b{_DUES} (?:up|hike|too much)\b",
    rf"\b(?:high|higher|rising|increas\w*|rais\w*|rise|hike|excessive|lower|reduced)(?: in| of)? {_THE}{_DUES}\b",
    # «Not worth the money», «the dues are not reasonable», «too little value for the dues», «it costs too much»
    rf"\b(?:not|\w+n't|hardly|barely) (?:really |quite )?(?:worth|justify) {_THE}(?:{_MONEY}|expense)\b",
    rf"\b{_DUES} {_ARE}(?:\w+n't|not) {_QUITE}(?:worth|fair|reasonable|justified|affordable)\b",
    rf"\b(?:no|not|little|poor|enough|lack of)(?: \w+){{0,2}} (?:value|return)(?: \w+)? (?:for|given) {_THE}{_MONEY}\b",
    r"\b(?:costs?|pay|paying|charge)(?: \w+){0,2} (?:too|so) much\b|\btoo much (?:money|to pay)\b",
    r"\b(?:no|enough|lack of|short of|out of|save|saving) money\b|\bmoney (?:is|was) (?:tight|short)\b",
    r"\bbudget (?:\w+ )?(?:cuts?|constraints?|tight|limited|reduced)\b",
    r"\b(?:no|tight|limited|lack of|reduced|cut) budget\b",
    r"\b(?:lost|lose|losing|no longer|without|no more)(?: [\w-]+){0,3} discounts?\b",
    r"\bdiscounts?\b(?: \w+){0,3} (?:ended|expired|gone|stopped|ran out)\b",
)
"""Verdicts on what membership costs."""

BLAMED: Patterns = (
    # Dues and nothing else: an answer that was ticked, or a clause of its own.
    r"(?:^|[.,;:!?(/])\s*(?:(?:the|my|your|too|high|mainly|mostly|just|only|simply|it|was|is|it's|annual) )*"
    rf"(?:{_MONEY}|budget)(?: reasons?)?\s*(?:$|[.,;:!?)/])",
    rf"\b(?:because of|due to|owing to|reason (?:is|was)|(?:problem|unhappy) with|(?:question|matter) of)"
    rf" {_THE}(?:high |higher )?{_MONEY}\b",
    rf"\b(?:mainly|mostly|primarily|simply|purely|all) (?:about |for )?{_THE}{_MONEY}\b",
)
"""Answers that give what membership costs as the reason, without a verdict on it."""

CODES_OF_PRICE: Patterns = (r"^(?:price|pricing|costs?)(?: reasons?)?$",)
"""«dues» by itself is none: where a source notes it of an end, they were not paid, and it does not say why."""

NO_USE: Patterns = (
    r"\b(?:not|never|no|hardly|barely|rarely|seldom|little|too few|did ?n[o']t|does ?n[o']t|don'?t)\b.{0,20}"
    r"\b(?:us(?:e|ed|ing)|time|attend\w*|value|benefits?|interest\w*|relevant)\b",
    r"\btoo busy\b",
)

_LEAVING = r"(?:leav\w*|left|quit\w*|resign\w*|laps\w*|not (?:to )?renew\w*)"
_STAYING = r"(?:stay(?:ing)?|remain|renew(?:ed|ing)?|rejoin|return|come back|continue)"
_WITH_US = (
    r"(?: (?:with us|to us|us|it|again|a member|your membership|the (?:association|society|institute)|this year))*"
)
_END = r"\W*(?:$|[?.,;:])"
ASKS_WHY: Patterns = (
    r"\bmembership\b.{0,20}\b(?:end|ended|ending|laps\w*|expire[sd]?|cancel\w*|stop(?:ped)?)\b",
    r"\b(?:end(?:ed|ing)?|leav\w*|left|cancel\w*|stop(?:ped)?|give up|gave up|keep|let) (?:your|the) membership\b",
    rf"\b(?:why|reasons?|made|makes|led|brought|caused)\b.{{0,30}}\b{_LEAVING}{_WITH_US}{_END}",
    rf"\b(?:think\w*|thought|consider\w*|plan\w*|decided)\b.{{0,10}}\b{_LEAVING}{_WITH_US}{_END}",
    rf"\b(?:would|could|can|will|might|may|do|are|did|have|not|\w+n't|from|about|for)\b.{{0,30}}"
    rf"\b{_STAYING}{_WITH_US}{_END}",
)
"""«What would make you renew?», and not «how would you like to renew your skills?»: it ends the clause."""

ASKS_ELSE: Patterns = (
    r"\b(?:why|what) (?:did|do|have|made|makes) you (?:to )?(?:join|stay|renew|rejoin|remain)",
    r"\b(?:where|when|how long|like us to)\b",
)
"""Why somebody came or stayed, and where or when."""
