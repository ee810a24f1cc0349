"""Words chosen by hand from what the sources offer, and places that are left out."""


def words(text: str, between: str = "|") -> set[str]:
    """The words of a text."""
    return {word.strip() for word in text.replace("\n", " ").split(between)} - {""}


# Pairs that WordNet calls antonyms and that a reader would give as opposites; one of each pair is asked.
ANTONYMS = """
give-take go-come same-different old-new here-there first-last day-night keep-lose start-stop girl-boy man-woman
some-all large-small much-little ever-never move-stay rise-fall fail-pass old-young high-low buy-sell make-break
begin-end remember-forget close-open father-mother many-few more-less up-down deny-admit long-short black-white
husband-wife refuse-accept pull-push suffer-enjoy difficult-easy question-answer good-bad hit-miss arrive-leave
love-hate right-left local-general hot-cold past-future early-late possible-impossible former-latter light-dark
private-public laugh-cry right-wrong back-front appear-disappear succeed-fail thick-thin quickly-slowly attack-defend
reject-accept hard-soft loud-soft beginning-end full-empty failure-success child-parent show-hide fire-hire
presence-absence whole-half sound-silence below-above foreign-domestic poor-rich strength-weakness active-passive
simple-complex demand-supply exclude-include warm-cool peace-war multiply-divide far-near usual-unusual pleasure-pain
able-unable strange-familiar fat-thin maximum-minimum daughter-son safe-dangerous shout-whisper lower-raise
northern-southern wide-narrow inside-outside king-queen float-sink solid-liquid hope-despair brother-sister
safety-danger wet-dry bright-dull top-bottom fast-slow strong-weak encourage-discourage alive-dead known-unknown
decrease-increase contract-expand forbid-permit borrow-lend absolute-relative physical-mental smooth-rough often-rarely
yes-no victory-defeat clean-dirty better-worse ordinary-extraordinary positive-negative friend-foe employee-employer
double-single good-evil conservative-liberal criticize-praise actual-potential external-internal major-minor
attract-repel innocent-guilty present-absent heavily-lightly gain-loss freeze-boil smart-stupid expensive-cheap
primary-secondary well-badly female-male head-tail sleep-wake strengthen-weaken disagree-agree dependent-independent
direct-indirect western-eastern likely-unlikely true-false best-worst birth-death add-subtract certain-uncertain
complete-incomplete even-odd glad-sad tough-tender reward-penalty friendly-hostile shrink-stretch aware-unaware
fortunate-unfortunate loose-tight military-civilian wealth-poverty deposit-withdraw conscious-unconscious east-west
outer-inner gradual-sudden happy-unhappy mild-intense north-south rural-urban stable-unstable useful-useless
acceptance-rejection lock-unlock curse-bless fold-unfold abstract-concrete backward-forward busy-idle deep-shallow
natural-artificial upstairs-downstairs wise-foolish patience-impatience majority-minority ability-inability joy-sorrow
amateur-professional order-disorder most-least necessary-unnecessary visible-invisible export-import aunt-uncle
attach-detach obey-disobey careful-careless comfortable-uncomfortable formal-informal horizontal-vertical moral-immoral
on-off popular-unpopular
"""

# Verbs of WordNet's tagged texts that are left out: auxiliaries, and forms of other words.
NO_VERBS = words("be have do can must may might shall will would should could bear", " ")

# Plurals of the source that nobody writes, or that are no plural of the word beside them.
NO_PLURALS = words(
    """brother datum dogma pike beau beef genie person minutia rostrum extremum lemma nemesis phalanx chicago english negro
    much flesh two incubus thrombus nucleolus momentum impetus dictum abscissa maturity sex tsh""",
    " ",
)

# Participles with a regular form that is as common, and old ones.
NO_PARTICIPLES = words("lean smell leap spell spoil blend relay heave forego shear wet rend awake spill", " ")

# Spellings of the inflection library that are wrong or out of use.
NO_FORMS = words("payed occured refered controled costed refering occuring controling staid bended", " ")

# Dependent territories, places without a settled capital, and small islands.
NO_COUNTRIES = words(
    """Western Sahara|Palestinian Territory|Puerto Rico|Hong Kong|Macao|Reunion|Guadeloupe|Martinique|Mayotte|Guam
    |French Guiana|French Polynesia|New Caledonia|Curacao|Aruba|Jersey|Guernsey|Isle of Man|U.S. Virgin Islands
    |Serbia and Montenegro|Netherlands Antilles|Sri Lanka|South Africa|Bolivia|Eswatini|Burundi|Nauru|Israel|Equatorial Guinea"""
)

# Countries on two continents.
NO_CONTINENT = words("TR RU EG CY KZ GE AZ AM ID", " ")

# Districts, joined towns and areas that GeoNames lists among cities, and places whose continent is a matter of view.
NO_CITIES = words(
    """Abobo|Brooklyn|Queens|Bronx|Manhattan|Staten Island|The Bronx|Camayenne|Carolina|Carrefour|Central Coast
    |City of Port Phillip|Pest|New Territories|North Shore|Panatina|Manukau City|Arawa|Kakamega|Dili|New Kingston
    |Iztapalapa|Ecatepec de Morelos|Salvador|Callao|Dededo Village|Santo Domingo Este|Santo Domingo Oeste|Maldonado
    |Waitakere|Kowloon|Logan City|Rivera|Lambare|Nadi"""
)

# Renamed since the source was made.
CAPITALS = {"Kazakhstan": "Astana"}

# Other spellings of capitals that are as right.
ALSO = {"Brazil": ("Brasília",), "Colombia": ("Bogotá",), "Ukraine": ("Kiev",), "Myanmar": ("Naypyidaw",)}
