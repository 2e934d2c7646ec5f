"""What is in a page."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input", "use"}


class Page(HTMLParser):
    """Elements of a page, (tag, attributes, tags around), with what text is in each tag."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.found, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag, **wanted):
        return [attrs for name, attrs, _ in self.found if name == tag
                and all(attrs.get(k.rstrip("_").replace("_", "-")) == v for k, v in wanted.items())]

    def words(self, tag):
        return [text.strip() for name, text in self.texts if name == tag and text.strip()]
