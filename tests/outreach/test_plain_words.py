"""No member reads a word of risk, scores, prediction, profiling or of being watched; ordinary words are let by."""

from __future__ import annotations

import pytest

from tenure.outreach.plain_words import LANGUAGES, refused

REFUSED = """
You are at risk of losing access.
at-risk members
Your membership is at high risk.
It is risky to let it lapse.
Members who churn
We fear you may be churning.
attrition is rising
You seem likely to leave.
You are unlikely to renew.
Your engagement score is 32.
You scored low this year.
Our scoring shows it.
You are ranked among the least active.
Your probability of staying is small.
Your likelihood of renewal
Your lifetime value is high.
We predict that you will leave.
We predicted this.
Our predictive tools
a prediction about you
The algorithm picked you.
machine learning told us
Our model suggests that you need help.
Our AI thinks so.
the data shows that you are leaving
We expect you to leave.
You have been profiled.
profiling of members
You belong to a segment we care for: your segment
segmentation
You were flagged by our team.
We flagged your account.
You have been identified as somebody who may leave.
We selected you as a candidate.
our member retention team
retention campaign
a win-back offer
in our control group
financial hardship
We know of your financial difficulties.
We monitor your use.
monitoring your membership
under surveillance
You are on our watch list.
We have been watching you.
We track what you open.
We have tracked your visits.
We noticed that you stopped coming.
We've noticed you have been away.
I noticed you missed two events.
Our records show that you skipped it.
Our records indicate a drop.
Your engagement has dropped.
Your recent activity has declined.
a decline in your participation
You seem disengaged.
Because of your inactivity
You have not logged in for 94 days.
You haven't opened our messages.
You never clicked
your last login
the number of logins
You opened our last newsletter
your engagement level
""".strip().splitlines()

ORDINARY = """
Log in to renew in a minute.
Sign in with your login details.
Your profile can be completed here.
Please update your profile.
Join the risk management webinar.
A risk-free trial for a colleague.
There is no risk in asking.
Enterprise risk management for small firms
The standard has a long track record.
Track your order
the career track of the conference
The score sheet and the rules
Underscore the point
Cybersecurity risk management
Monte Carlo methods, modeled well
Our business model workshop
the flag at the harbor
Retention of records: what the law asks
Retaining walls
Open the library
Click the link below
the open day
a high-value conversation with peers
Your membership ended on March 4.
It lapsed on March 4.
You attended the spring conference.
You have been with us since 2016.
We would like to keep you.
Watch the recording.
The observation deck
a notice of renewal
This is a required notice.
See you in the fall.
Let us know what we can do better.
Members active in the chapter
The risk management standard
Rank and file
the forecast of the market
low water level in the estuary
your use of the library is yours to keep
""".strip().splitlines()

ELSEWHERE = {
    "french": """
Votre adhésion est à risque.
Vous risquez de nous quitter.
Vous semblez susceptible de partir.
Votre score d'engagement est faible.
La probabilité de votre renouvellement
Nous avons prédit votre départ.
Notre modèle indique que vous hésitez.
L'algorithme vous a choisi.
Nos données montrent une baisse.
le profilage des membres
Vous avez été identifiée comme hésitante.
votre groupe de contrôle
vos difficultés financières
la fidélisation des adhérents
Nous surveillons votre compte.
Nous avons remarqué votre absence.
Votre participation a diminué cette année.
une baisse de votre activité
un membre inactif
Vous ne vous êtes pas connecté depuis mai.
votre dernière connexion
Vous n'avez pas ouvert nos messages.
""",
    "spanish": """
Su membresía está en riesgo.
Es poco probable que renueve.
Su puntuación de participación es baja.
La probabilidad de que se quede
Predecimos su marcha.
El algoritmo le eligió.
Nuestro modelo indica que duda.
Nuestros datos muestran un cambio.
la elaboración de perfiles
Ha sido identificado como dudoso.
un grupo de control
sus dificultades económicas
la retención de socios
Monitoreamos su cuenta.
Hemos notado su ausencia.
Su actividad ha disminuido.
un descenso en su participación
los socios inactivos
No ha iniciado sesión desde mayo.
su último acceso
""",
    "german": """
Ihre Mitgliedschaft ist gefährdet.
Ihr Austrittsrisiko ist hoch.
Ihr Score liegt bei 32.
die Wahrscheinlichkeit, dass Sie bleiben
Wir haben Ihren Austritt vorhergesagt.
Unser Modell zeigt, dass Sie zögern.
Der Algorithmus hat Sie gewählt.
Unsere Daten zeigen einen Rückgang.
Profiling der Mitglieder
Sie wurden als unsicher eingestuft.
in unserer Kontrollgruppe
Ihre finanziellen Schwierigkeiten
unser Team für Mitgliederbindung
Wir überwachen Ihr Konto.
Wir haben bemerkt, dass Sie fehlten.
Uns ist aufgefallen, dass Sie fehlten.
Ihre Teilnahme ist gesunken.
ein Rückgang Ihrer Aktivität
inaktive Mitglieder
Sie haben sich nicht angemeldet.
Ihre letzte Anmeldung
Sie haben unsere Nachrichten nie geöffnet.
""",
}
ORDINARY_ELSEWHERE = """
Renouvelez votre adhésion en une minute.
Complétez votre profil.
la gestion des risques dans les petites entreprises
Un essai sans risque pour un collègue
Vous avez assisté à trois rencontres.
Le modèle de contrat est dans la bibliothèque.
Votre adhésion se termine le 4 mars.
Nous serions heureux de vous garder parmi nous.
Vous êtes membre depuis 2016.
Renueve su membresía en un minuto.
Complete su perfil.
la gestión de riesgos en empresas pequeñas
Pruébelo sin riesgo.
Usted asistió a tres encuentros.
El modelo de contrato está en la biblioteca.
Su membresía termina el 4 de marzo.
Es usted socia desde 2016.
Verlängern Sie Ihre Mitgliedschaft in einer Minute.
Vervollständigen Sie Ihr Profil.
Risikomanagement für kleine Unternehmen
Probieren Sie es ohne Risiko.
Sie waren bei drei Treffen dabei.
Das Vertragsmodell liegt in der Bibliothek.
Ihre Mitgliedschaft endet am 4. März.
Sie sind seit 2016 Mitglied.
Melden Sie sich hier an.
Wir würden uns freuen, wenn Sie bleiben.
""".strip().splitlines()


def test_a_word_of_watching_is_refused_in_every_language_that_templates_are_written_in():
    assert set(LANGUAGES) == {"english", *ELSEWHERE}
    let_by = [line for lines in ELSEWHERE.values() for line in lines.strip().splitlines() if not refused(line)]
    assert let_by == []
    kinds = {language: {word.of for word in refused(lines)} for language, lines in ELSEWHERE.items()}
    assert all(found == {"risk", "scores", "prediction", "profiling", "monitoring"} for found in kinds.values()), kinds


def test_an_ordinary_word_is_let_by_in_every_language():
    assert [word for line in ORDINARY_ELSEWHERE for word in refused(line)] == []


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_word_of_watching_is_refused(sentence: str):
    assert refused(sentence)


@pytest.mark.parametrize("sentence", ORDINARY)
def test_an_ordinary_word_is_let_by(sentence: str):
    assert refused(sentence) == ()


def test_the_title_of_a_program_that_is_a_fact_is_let_by_and_the_same_word_elsewhere_is_not():
    text = "You came to Predicting Scour Risk. You are at risk."
    title = (12, 12 + len("Predicting Scour Risk"))
    assert [word.word for word in refused(text, within_facts=[title])] == ["at risk"]


def test_a_refused_word_says_what_it_is_a_word_of():
    (word,) = refused("We are monitoring it.")
    assert (word.word, word.of, word.start) == ("monitoring", "monitoring", 7)
    assert "no member is to read" in str(word)
