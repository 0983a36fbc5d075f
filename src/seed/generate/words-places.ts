/** Streets, cities, states and countries. The order decides about values: never change it within a version. */
import { splitWords } from "./word-table.ts";

export const STREET_NAMES = splitWords(`
Acacia Alder Amber Anchor Apple Arbor Ash Aspen Bakery Bank Barley Bay Beacon Beech Bell Birch Bluebell Boundary Bramble Bridge
Brook Canal Castle Cedar Chapel Cherry Chestnut Church Clay Clover College Copper Coral Cottage Crane Cypress Dale Dock Dove Eagle
East Elder Elm Factory Falcon Fern Ferry Field Fir Forest Forge Fountain Fox Garden Gate Glen Grange Granite Green Grove Harbor
Harvest Hawthorn Hazel Heather Heron High Hill Holly Ivy Jasmine Juniper Kestrel King Lake Lantern Larch Laurel Lavender Lemon
Library Lilac Lime Linden Long Magnolia Main Maple Market Marsh Meadow Mill Mint Mission Monument Moss Mulberry North Oak Olive
Orchard Osprey Palm Park Pearl Pebble Pine Plaza Pond Poplar Poppy Prairie Quarry Quay Queen Rail Raven Reed Ridge River Robin Rose
Rowan Saffron School Sea Shore Silver South Spring Spruce Station Stone Summer Sunset Sycamore Tanner Temple Thistle Tower Union
Valley Vine Violet Walnut Water Weaver West Wharf Willow Wind Winter Wood Yew
`);

export const STREET_KINDS = splitWords("Street Road Avenue Lane Way Drive Court Place Square Row Close Terrace");

export const CITIES = splitWords(`
Aarhus Abuja Accra Adelaide Algiers Amman Amsterdam Ankara Antwerp Arequipa Asheville Athens Auckland Austin Bangalore Bangkok
Barcelona Basel Bergen Berlin Bilbao Bogota Bologna Bordeaux Boston Brasilia Bratislava Bremen Bristol Brno Brussels Bucharest
Budapest Buenos_Aires Busan Cairo Calgary Cape_Town Cardiff Casablanca Chicago Chennai Cologne Copenhagen Cordoba Cork Curitiba
Cusco Dakar Dallas Delft Denver Dresden Dublin Durban Edinburgh Florence Fukuoka Galway Gdansk Geneva Genoa Ghent Glasgow Graz
Guadalajara Halifax Hamburg Hanoi Helsinki Hobart Houston Innsbruck Istanbul Izmir Jaipur Kampala Kigali Kobe Krakow Kumasi Kyoto
Lagos Leeds Leipzig Lille Lima Lisbon Ljubljana London Luanda Lyon Madrid Malaga Malmo Manila Marseille Medellin Melbourne Merida
Milan Minneapolis Montevideo Montreal Mumbai Munich Nairobi Nantes Naples Nice Odense Osaka Oslo Ottawa Oxford Palermo Paris
Penang Perth Porto Portland Poznan Prague Pune Quebec Quito Recife Reykjavik Riga Rome Rosario Rotterdam Salvador Salzburg Santiago
Sapporo Seattle Seoul Seville Singapore Sofia Stockholm Stuttgart Sydney Taipei Tallinn Tampere Tbilisi Toronto Toulouse Trieste
Tunis Turin Turku Utrecht Valencia Valparaiso Vancouver Venice Verona Vienna Vilnius Warsaw Wellington Windhoek Wroclaw Yokohama
Zagreb Zurich
`);

export const STATES = splitWords(`
Alabama Alaska Alberta Andalusia Arizona Arkansas Bavaria Brittany British_Columbia California Catalonia Colorado Connecticut Delaware
Florida Flanders Georgia Gujarat Hawaii Hesse Hokkaido Idaho Illinois Indiana Iowa Jalisco Kansas Karnataka Kentucky Kerala Limburg
Lombardy Louisiana Maine Manitoba Maryland Michigan Minnesota Mississippi Missouri Montana Nebraska Nevada New_Hampshire New_Jersey
New_Mexico New_York Normandy North_Carolina Nova_Scotia Ohio Oklahoma Ontario Oregon Pennsylvania Piedmont Queensland Rhode_Island
Saxony Scania Sicily South_Dakota Tasmania Tennessee Texas Tuscany Tyrol Utah Vermont Victoria Virginia Wallonia Washington Wisconsin
Wyoming Yukon
`);

/** Name and ISO 3166-1 alpha-2 code. */
const COUNTRY_PAIRS = splitWords(`
Argentina:AR Australia:AU Austria:AT Belgium:BE Bolivia:BO Botswana:BW Brazil:BR Bulgaria:BG Canada:CA Chile:CL Colombia:CO
Costa_Rica:CR Croatia:HR Cyprus:CY Czechia:CZ Denmark:DK Ecuador:EC Egypt:EG Estonia:EE Ethiopia:ET Fiji:FJ Finland:FI France:FR
Georgia:GE Germany:DE Ghana:GH Greece:GR Guatemala:GT Hungary:HU Iceland:IS India:IN Indonesia:ID Ireland:IE Italy:IT Jamaica:JM
Japan:JP Jordan:JO Kenya:KE Latvia:LV Lithuania:LT Luxembourg:LU Malaysia:MY Malta:MT Mexico:MX Mongolia:MN Morocco:MA Namibia:NA
Nepal:NP Netherlands:NL New_Zealand:NZ Nigeria:NG Norway:NO Panama:PA Paraguay:PY Peru:PE Philippines:PH Poland:PL Portugal:PT
Romania:RO Rwanda:RW Senegal:SN Singapore:SG Slovakia:SK Slovenia:SI South_Africa:ZA South_Korea:KR Spain:ES Sri_Lanka:LK Sweden:SE
Switzerland:CH Tanzania:TZ Thailand:TH Tunisia:TN Turkey:TR Uganda:UG United_Kingdom:GB United_States:US Uruguay:UY Vietnam:VN
Zambia:ZM
`).map((pair) => pair.split(":"));

export const COUNTRIES = COUNTRY_PAIRS.map(([name = ""]) => name);
export const COUNTRY_CODES = COUNTRY_PAIRS.map(([, code = ""]) => code);

export const TIME_ZONES = splitWords(`
UTC Africa/Cairo Africa/Lagos Africa/Nairobi America/Bogota America/Chicago America/Denver America/Los_Angeles America/New_York
America/Sao_Paulo Asia/Dubai Asia/Kolkata Asia/Seoul Asia/Singapore Asia/Tokyo Australia/Sydney Europe/Berlin Europe/Lisbon
Europe/London Europe/Madrid Europe/Paris Europe/Warsaw Pacific/Auckland
`).map((zone) => zone.replaceAll(" ", "_"));

export const LOCALES = splitWords(
  "en-US en-GB de-DE fr-FR es-ES es-MX it-IT pt-BR pt-PT nl-NL sv-SE pl-PL tr-TR ja-JP ko-KR",
);
export const CURRENCIES = splitWords("USD EUR GBP JPY CHF CAD AUD NZD SEK NOK DKK PLN CZK HUF BRL MXN INR KRW SGD ZAR");
