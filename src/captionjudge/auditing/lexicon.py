"""English words that errors are planted with. No word is of two kinds, so that a change is of one kind only."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("green", "blue"),
    "orange": ("blue", "purple"),
    "yellow": ("blue", "purple"),
    "green": ("red", "purple"),
    "blue": ("red", "yellow"),
    "purple": ("yellow", "green"),
    "pink": ("green", "blue"),
    "brown": ("white", "black"),
    "black": ("white", "red"),
    "white": ("black", "brown"),
    "gray": ("red", "yellow"),
    "grey": ("red", "yellow"),
    "beige": ("black", "green"),
}
"""A colour and those that nobody would take for it."""

NUMBERS: dict[str, tuple[str, ...]] = {
    "two": ("four", "five"),
    "three": ("five", "six"),
    "four": ("two", "six"),
    "five": ("two", "three"),
    "six": ("three", "four"),
    "seven": ("three", "four"),
    "eight": ("four", "five"),
    "nine": ("five", "six"),
    "ten": ("five", "six"),
    "eleven": ("six", "seven"),
    "twelve": ("six", "seven"),
}
"""A count and others that one sees to be others. All want the plural."""

OBJECTS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("dog", "dogs"), ("cat", "cats"), ("rabbit", "rabbits")),
    (("horse", "horses"), ("cow", "cows"), ("goat", "goats")),
    (("lion", "lions"), ("bear", "bears"), ("elephant", "elephants"), ("zebra", "zebras"), ("giraffe", "giraffes")),
    (("parrot", "parrots"), ("owl", "owls"), ("swan", "swans"), ("penguin", "penguins")),
    (("car", "cars"), ("bus", "buses"), ("tractor", "tractors")),
    (("bicycle", "bicycles"), ("motorcycle", "motorcycles"), ("skateboard", "skateboards")),
    (("airplane", "airplanes"), ("helicopter", "helicopters"), ("balloon", "balloons")),
    (("chair", "chairs"), ("sofa", "sofas"), ("bed", "beds")),
    (("lamp", "lamps"), ("mirror", "mirrors"), ("clock", "clocks")),
    (("laptop", "laptops"), ("television", "televisions"), ("guitar", "guitars"), ("piano", "pianos")),
    (("apple", "apples"), ("banana", "bananas"), ("lemon", "lemons"), ("strawberry", "strawberries")),
    (("pizza", "pizzas"), ("sandwich", "sandwiches"), ("cake", "cakes"), ("salad", "salads")),
    (("bottle", "bottles"), ("bowl", "bowls"), ("vase", "vases"), ("basket", "baskets")),
    (("fork", "forks"), ("knife", "knives"), ("spoon", "spoons")),
    (("hat", "hats"), ("scarf", "scarves"), ("helmet", "helmets")),
    (("shirt", "shirts"), ("coat", "coats"), ("dress", "dresses")),
    (("umbrella", "umbrellas"), ("suitcase", "suitcases"), ("backpack", "backpacks")),
    (("tulip", "tulips"), ("sunflower", "sunflowers"), ("cactus", "cacti")),
    (("church", "churches"), ("barn", "barns"), ("lighthouse", "lighthouses"), ("castle", "castles")),
    (("mountain", "mountains"), ("waterfall", "waterfalls"), ("volcano", "volcanoes")),
    (("beach", "beaches"), ("forest", "forests"), ("desert", "deserts"), ("meadow", "meadows")),
    (("kitchen", "kitchens"), ("bathroom", "bathrooms"), ("bedroom", "bedrooms"), ("classroom", "classrooms")),
)
"""Things, singular and plural, by groups in which each can stand for the others and none is a kind of another."""

PEOPLE: tuple[tuple[tuple[str, str], ...], ...] = (
    (("man", "men"), ("woman", "women")),
    (("boy", "boys"), ("girl", "girls")),
)
"""The same of people; a text that also says "he" or "her" would contradict itself."""

PRONOUNS = _words("he she his her hers him himself herself")

ATTRIBUTES: dict[str, str] = {
    "large": "small",
    "big": "small",
    "small": "large",
    "huge": "tiny",
    "tiny": "huge",
    "long": "short",
    "short": "long",
    "tall": "short",
    "old": "new",
    "new": "old",
    "young": "old",
    "elderly": "young",
    "wet": "dry",
    "dry": "wet",
    "clean": "dirty",
    "dirty": "clean",
    "open": "closed",
    "closed": "open",
    "thick": "thin",
    "thin": "thick",
    "wide": "narrow",
    "narrow": "wide",
    "smooth": "rough",
    "rough": "smooth",
    "round": "square",
    "square": "round",
    "wooden": "metal",
    "metal": "wooden",
    "striped": "spotted",
    "spotted": "striped",
    "sunny": "rainy",
    "rainy": "sunny",
    "indoor": "outdoor",
    "outdoor": "indoor",
    "smiling": "frowning",
    "frowning": "smiling",
    "standing": "sitting",
    "sitting": "standing",
    "seated": "standing",
}
"""A property and its opposite."""

POSTURES = _words("smiling frowning standing sitting seated")
"""Properties that need no noun after them."""

OF_PEOPLE = _words("man woman men women person people lady gentleman couple boy girl child")
"""After "old" these become young, not new; after "short" tall, not long."""

BODY = _words("eyes ears hands arms legs feet paws wings wheels sides lips knees")
"""What there is a known number of: to change it shows without the picture."""

UNITS = _words(
    "years minutes hours degrees percent dollars euros pounds inches meters metres miles kilometers times days weeks"
    " months points thirds seconds centimeters millimeters"
)

AMOUNTS = _words(
    "lot few couple number variety series bit little range sense hint touch amount portion part majority pair"
)
"""After "a" these make a phrase of quantity that "no" cannot begin."""

PREPOSITIONS = _words(
    "in on at near behind under beside above below inside outside by over across against along beneath with from"
)

DETERMINERS = _words("a an the this that his her their its some another each every one no")

FUNCTION_WORDS = (
    PREPOSITIONS
    | DETERMINERS
    | _words(
        "and or but of to for as is are was were be been has have had while which who that there it they he she"
        " into onto through around between not also very than then so if"
    )
)

BESIDE_A_SIDE = _words(
    "side hand corner half edge foot leg arm eye ear shoulder wrist knee wing third lane page bank wall panel"
)
"""What has a left and a right one."""

BEFORE_A_SIDE = _words("the far upper lower top bottom back front his her its their")

NOT_DOING = _words("morning evening building ceiling nothing something anything everything during king ring")
"""Words in -ing that are no participles."""
