/** Words of offices and machines. The order decides about values: never change it within a version. */
import { splitWords } from "./word-table.ts";

export const ADJECTIVES = splitWords(`
able active agile alpine amber ample bold brave bright brisk broad calm careful clear clever coastal compact cosmic crisp curious
daily deep direct eager early easy electric even exact fair fast fine firm fluent fresh gentle global golden grand great handy happy
honest humble ideal joint keen kind large light linear lively local loyal lucky lunar mellow mighty modern modest native neat new
noble northern open optimal patient plain polar prime proud public quick quiet rapid ready regional reliable rich robust round royal
rural safe shared sharp silent silver simple smart smooth social solar solid southern spare stable steady still strong sunny swift
tidy tiny true urban usual useful valid vast vivid warm western whole wide wild wise young
`);

export const NOUNS = splitWords(`
account agenda album anchor answer apple archive arrow article badge balance basket battery beacon bicycle board book border bottle
branch bridge budget bundle cabinet cable camera canvas carbon card carpet castle catalog chain chair channel chapter chart circle
client clock cloud coast code coffee column comment compass concept contract copper corner course cover crystal customer cycle dashboard
delivery design desk detail device diagram district document door draft drawing engine entry event example exchange export factory
feature feedback field figure filter folder forest form frame garden gate glass goal graph grid group guide harbor hardware history
home horizon hour house idea image impact import index inventory invoice island issue item journal journey kernel key keyboard kitchen
ladder lake lamp language launch layer leaf ledger lens letter level library limit line link list machine manual map margin market
meadow member memory menu message method metric mirror model module moment month morning motor mountain name network note notebook
number object office option orbit order origin outline output package page paper parcel partner path pattern payment pencil people
phase piece pilot pipeline place plan planet platform pocket point policy port portal price printer process product profile program
project proposal question queue radio random range record region release report request research result review river road room route
rule sample scale schedule school screen season section sensor series server service shadow shape ship signal site sketch source space
spring square stage star station stone storage store story stream street studio subject summary supply support surface switch system
table target task team template term theme ticket timber token tool topic tower track trade train transfer tree trend unit update
valley value vendor version view village voice warehouse water week wheel window winter wire word world year zone
`);

export const VERBS = splitWords(`
accepts adds adjusts answers applies arranges begins brings builds calls carries changes checks chooses closes collects compares
connects copies covers creates delivers describes draws enters explains extends fills finds finishes follows gives grows guides helps
holds improves joins keeps leads learns lifts links lists loads makes marks measures meets moves needs notes offers opens orders
plans prepares prints reads receives records remains repeats replaces reports returns reviews saves sends serves shares shows signs
sorts starts stores supports takes tests tracks turns updates uses visits waits watches works writes
`);

export const COMPANY_KINDS = splitWords(
  "Labs Works Systems Partners Group Studio Foods Logistics Energy Media Textiles Instruments Supply Software",
);

export const COLORS = splitWords(
  "amber azure beige black blue brown coral crimson cyan gold gray green indigo ivory lime magenta maroon navy olive orange pink plum purple red silver tan teal violet white yellow",
);

export const MATERIALS = splitWords(
  "Bamboo Brass Canvas Ceramic Copper Cork Cotton Glass Granite Leather Linen Marble Oak Paper Steel Stone Walnut Wool",
);

export const PRODUCTS = splitWords(
  "Backpack Bench Bottle Bowl Chair Clock Cup Desk Frame Hat Jacket Kettle Lamp Mug Notebook Pan Pen Scarf Shelf Shoes Stool Table Tray Umbrella Vase Wallet Watch",
);

export const FOLDERS = splitWords(
  "app assets backup bin build cache config data deploy dist docs etc export home images lib local log media notes opt packages public reports scripts services src static test tmp tools uploads usr var web",
);

export const EXTENSIONS = splitWords(
  "conf css csv gz html js json jpg log md pdf png py sh sql svg toml ts txt xml yaml zip",
);

export const HOST_ROLES = splitWords(
  "api app auth backup build cache ci db dns edge files gateway git jobs ldap log mail metrics monitor node proxy queue search staging store vpn web worker",
);

export const SHELL_COMMANDS = `
ls -la
cd /var/log
git status
git pull --rebase
git log --oneline -20
docker ps -a
docker compose up -d
docker logs -f --tail 100 api
kubectl get pods -A
systemctl status nginx
journalctl -u postgresql -n 200
tail -f /var/log/syslog
grep -rn "error" ./logs
find . -name '*.log' -mtime +7
df -h
du -sh * | sort -h
free -m
top -b -n 1
ps aux | grep node
netstat -tulpn
curl -s http://localhost:8080/health
ssh-keygen -t ed25519
tar -czf backup.tar.gz ./data
rsync -av ./dist/ deploy@web.example.test:/srv/app/
chmod +x deploy.sh
npm ci
npm test
python3 -m venv .venv
psql -c 'select now()'
cat /etc/os-release
uptime
whoami
history | tail -50
awk '{print $1}' access.log | sort | uniq -c
sed -i 's/debug/info/' app.conf
make build
crontab -l
ping -c 4 gateway.example.test
scp report.csv backup@files.example.test:/backup/
vim config.yaml
`
  .trim()
  .split("\n");

export const USER_AGENTS = `
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{n}.0.0.0 Safari/537.36
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{n}.0.0.0 Safari/537.36
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{n}.0.0.0 Safari/537.36
Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{n}.0) Gecko/20100101 Firefox/{n}.0
Mozilla/5.0 (X11; Linux x86_64; rv:{n}.0) Gecko/20100101 Firefox/{n}.0
Mozilla/5.0 (Linux; Android 14; Mobile) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{n}.0.0.0 Mobile Safari/537.36
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{n}.0.0.0 Safari/537.36 Edg/{n}.0.0.0
`
  .trim()
  .split("\n");
