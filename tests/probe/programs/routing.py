"""What named.py dispatches with."""


class Base:
    def dispatch(self, line):
        return self.prepare(line)


class Router(Base):
    def dispatch(self, line):
        return super().dispatch(line)

    @staticmethod
    def prepare(line):
        return line

    def absent(self):
        raise NotImplementedError


class Other(Base):
    pass


assert Other().dispatch.__self__.__class__ is Other
Other.prepare = staticmethod(str)
Other().dispatch("is no router's")
