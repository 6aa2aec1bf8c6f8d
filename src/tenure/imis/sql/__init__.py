"""Reading an iMIS database over SQL, and nothing else: the only package that touches SQLAlchemy and a driver.

A `Question` names tables, columns, joins and conditions as data; `tenure.imis.sql.client.SqlClient` asks it. What is
rendered is always one SELECT with named columns. Importing this package does not import SQLAlchemy; the client does.
"""

from tenure.imis.sql._names import is_secret
from tenure.imis.sql._question import Condition, Join, Question, Since
from tenure.imis.sql.errors import LoginRefused, NoSuchTable, WouldWrite

__all__ = ["Condition", "Join", "LoginRefused", "NoSuchTable", "Question", "Since", "WouldWrite", "is_secret"]
