"""Invented names of people, places and firms. Any likeness to real ones is chance."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


def _phrases(text: str) -> list[str]:
    return [phrase.strip() for phrase in text.replace("\n", " ").split(",")]


WOMEN = _words("""
    Ada Amara Aiko Alina Amina Ana Anjali Astrid Ayesha Beatriz Bronwyn Camila Chiara Chloe Dalia Deepa Elena Elif
    Emilia Esther Fatima Fiona Freya Gabriela Giulia Grace Hana Hanna Imani Ines Ingrid Isabel Jia Joana Josephine
    Kavita Keiko Khadija Lakshmi Latoya Leila Lena Ling Lucia Maeve Mai Malala Margaret Mariam Marta Mei Mercy Mina
    Miriam Nadia Naledi Naomi Ngozi Noor Olga Oluchi Paloma Parisa Petra Priya Rachel Ren Rosa Ruth Sakura Samira
    Sanna Shira Sigrid Simone Sofia Svetlana Tamar Thandiwe Uma Valentina Wanjiru Xin Yara Yasmin Yuki Zainab Zofia
""")

MEN = _words("""
    Aarav Abdul Adam Adrian Ahmed Akira Alejandro Amir Anders Andrei Antonio Arjun Bashir Ben Bjorn Bruno Carlos
    Cedric Chen Chidi Daniel Darnell Dmitri Diego Edward Eitan Emeka Emre Enrique Farid Felix Finn Gabriel Giorgos
    Hamza Haruto Hassan Henry Hiroshi Hugo Ibrahim Ivan Jamal Jan Javier Jin Joao Jonas Jorge Juma Kaito Karim Kofi
    Kwame Lars Leo Liam Luca Malik Marcus Marek Mateo Mehmet Min Mohamed Nikolai Noah Oleg Omar Oscar Pavel Pedro
    Rafael Raj Ravi Rohan Samuel Sanjay Sergei Tariq Thabo Theo Tomas Tunde Viktor Wei William Yusuf Zoltan
""")

FAMILY = _words("""
    Abara Abebe Achebe Adeyemi Ahlberg Akhtar Aldana Almeida Alvarado Amari Andersson Anand Aoki Arslan Bakshi Banda
    Baptiste Barros Bauer Begum Bergstrom Bianchi Boateng Borges Brandt Byrne Campos Cardoso Castellanos Cerny
    Chandra Chaudhry Cho Choi Cohen Costa Dahl Danso Dauda Demir Desai Diallo Dimitrov Dlamini Doyle Dubois Egede
    Eklund Eriksen Espinoza Farah Fekete Ferrari Figueroa Fischer Fofana Fujita Gallagher Garba Ghosh Goldberg Gomes
    Grant Greenberg Gunnarsson Haddad Hakimi Halvorsen Hamid Hartmann Hashimoto Hernandez Hoang Horvat Hussain
    Ibarra Ito Ivanova Jansen Jimenez Joshi Juarez Kaplan Kariuki Kaur Keita Khalil Kim Kimura Kowalski Kruger Kumar
    Laine Larsen Lebedev Levy Li Lindqvist Lopes Lozano Macharia Mahlangu Maier Mancini Marques Mbeki Mendoza Mensah
    Meyer Mohan Molina Moreau Morales Mukherjee Nakagawa Nasser Ndlovu Nguyen Nilsson Novak Nwosu Obi Odhiambo
    Okafor Olsen Onyango Ortega Osei Owusu Park Patel Pavlov Pereira Petrov Pham Quispe Rahman Ramirez Rao Reyes
    Ricci Rojas Romano Rossi Saleh Santos Sato Schmidt Sekibo Sharma Silva Singh Soto Steyn Suleiman Suzuki
    Takahashi Tan Tanaka Tembo Torres Tran Tshabalala Turan Uddin Vargas Vasquez Virtanen Volkov Wagner Walsh Wang
    Weber Williams Wu Yamada Yilmaz Zhang
""")

STATES = _words("""
    CA TX NY FL IL PA OH GA NC MI WA CO MA VA AZ MN OR MO WI TN
""")
ABROAD = _phrases("""
    Canada, United Kingdom, India, Nigeria, Brazil, Germany, Japan, South Africa, Mexico, Kenya
""")
COUNTRIES = ["United States", *ABROAD]
COUNTRY_CODES = _words("US CA GB IN NG BR DE JP ZA MX KE")
INDUSTRIES = _phrases("""
    Healthcare, Education, Manufacturing, Energy, Finance, Government, Software, Construction, Logistics, Research
""")
TITLES = _phrases("""
    Analyst, Senior analyst, Manager, Senior manager, Director, Vice president, Consultant, Engineer, Lead engineer,
    Teacher, Professor, Researcher, Coordinator, Owner, Student, Retired
""")
PLACES = _words("""
    Amberfield Birchwater Cedar-Hollow Dunmore Eastbrook Fernhill Glenhaven Harrowgate Ironbridge Juniper Kestrel
    Larkspur Millrace Northgate Oakhaven Pinecrest Quarry Riverbend Stonewell Thornbury Umber Vale Westmere Yarrow
""")
BUSINESSES = _words("""
    Works Partners Health Labs Systems Foundry Group Energy Logistics Institute College Trust Builders Software
""")
ZONES = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Europe/London",
    "Asia/Kolkata",
]
LANGUAGES = ["en", "es", "fr"]

EMPLOYERS = [f"{place.replace('-', ' ')} {business}" for business in BUSINESSES for place in PLACES]
