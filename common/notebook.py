"""What a notebook shows of an object: its page, which is found only when it is asked for.

The page stands to the right of all that it shows, so it is imported by name.
"""

from html import escape
from importlib import import_module


def page_frame(**contents: object) -> str:
    """A page with these contents, in a frame of its own."""
    render = import_module("common.page.render")
    # Links in a frame like this one would else lead out of it.
    html = render.render(render.Page(**contents))
    html = html.replace("<head>", '<head>\n<base href="about:srcdoc">', 1)
    shape = 'width="100%" height="700" style="border: 1px solid #8888"'
    return f'<iframe srcdoc="{escape(html)}" {shape} title="GoogLeNet"></iframe>'
