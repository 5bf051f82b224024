"""What named.py dispatches with."""


class Base:
    prepare = staticmethod(str)

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
    async def later(self):
        return None

    @classmethod
    def name(cls):
        return cls.__name__


class Third(Other):
    pass


assert Other().dispatch.__self__.__class__ is Other
Other.prepare = staticmethod(str)
Other().dispatch("is no router's")


def names():
    return [Other.name(), Third.name(), Base().dispatch.__name__]
