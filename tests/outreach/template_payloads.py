"""Texts that make a template engine compute, by the signs of the engines that they were made for."""

from __future__ import annotations

_EXPRESSIONS = (
    "7*7",
    "config",
    "config.items()",
    "settings.SECRET_KEY",
    "self.__init__.__globals__",
    "''.__class__.__mro__[1].__subclasses__()",
    "request.application.__globals__.__builtins__.__import__('os').popen('id').read()",
    "cycler.__init__.__globals__.os.popen('id').read()",
    "lipsum.__globals__['os'].popen('id').read()",
    "first_name.__class__",
    "first_name.__class__.__init__.__globals__",
    "first_name[0]",
    "first_name|attr('__class__')",
    "first_name|safe",
    "''|attr('__class__')|attr('__mro__')",
    "().__class__.__bases__[0]",
    "user.password",
    "messages.storages.0.signer.key",
    "__import__('os').system('id')",
    "open('/etc/passwd').read()",
)

_ENGINES = (
    "{{%s}}",
    "{{ %s }}",
    "{%% %s %%}",
    "{%% if %s %%}x{%% endif %%}",
    "${%s}",
    "#{%s}",
    "<%%= %s %%>",
    "{%s}",
    "{{{%s}}}",
    "*{%s}",
)

_OTHERS = (
    "{0}", "{}", "{0.__class__}", "{0[0]}", "{!r}", "{first_name!r}", "{first_name:>999999999}", "{first_name!a:s}",
    "%s", "%(first_name)s", "%n%n%n", "%x" * 20, "$first_name", "${first_name}", "$$first_name", "{$first_name}",
    "{# comment #}", "{% load static %}", "{% include '/etc/passwd' %}", "{% debug %}", "{%raw%}", "[[${7*7}]]",
    "[[first_name]]", "[(${7*7})]", "]]", "[[", "}", "{", "{{", "}}", "[[[[{first_name}]]]]", "{first_name",
    "{first_name|}", "{first_name|or}", "{first_name|or:}", '{first_name|or:"}', "{first_name|or:'x'}",
    '{first_name|date:"x"}', '{first_name|or:"a"|or:"b"}', '{first_name|or:"{dues}"}', "{first_name|eval}",
    "{first_name|__class__}", "{first_name|attr}", "{First_Name}", "{first_name }", "{ first_name}", "{first name}",
    "{first_name\n}", "{{first_name}}", "{\u200bfirst_name}", "｛first_name｝", "{ｆirst_name}", "{_}", "{__class__}",
    "{self}", "{member}", "{email}", "{risk_score}", "<script>alert(1)</script>", "<#assign x=1>${x}", "#set($x=7*7)$x",
    "@(7*7)", "{{constructor.constructor('return 1')()}}", "`id`", "$(id)", "\\x7b\\x7b7*7\\x7d\\x7d",
    "&#123;7*7&#125;",
)  # fmt: skip

PAYLOADS = (*(engine % expression for engine in _ENGINES for expression in _EXPRESSIONS), *_OTHERS)
