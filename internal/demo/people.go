// Package demo makes Crier livable on a machine of its own: an organisation
// with a running test, people to sign in as, and a simulated hall whose candidates
// connect, read and answer over real sockets. It uses a node from outside, by its
// REST API and its sockets.
package demo

import (
	"fmt"
	"strings"
)

// The demo organisation and the one password of all its logins. They are for
// trying Crier out: anyone who can reach the server can use them.
const (
	Slug         = "demo"
	Organisation = "Demo University"
	Password     = "crier-demo"
)

// Login is someone to sign in as.
type Login struct {
	Login, Name, Role, What string
}

// Logins are the people whose login the demo prints.
var Logins = []Login{
	{"chief", "Ingrid Solberg", "chief invigilator", "all rooms of Mathematics 1"},
	{"anna", "Anna Lindqvist", "invigilator", "Hall A alone"},
	{"joao", "João Pereira", "invigilator", "Hall B and Room 204"},
	{"planner", "Margaret Osei", "planner", "all tests, the whole log"},
	{"admin", "Tomás Herrera", "admin", "everything but sending into tests"},
	{"coordinator", "Wanjirũ Kamau", "coordinator", "the exam crew: pool, shifts, an opening; the inbox"},
	{"sara", "Sara Amin", "candidate", "A-014 in Hall A, not simulated"},
	{"ola", "Ola Berg", "candidate", "B-003 in Hall B, not simulated"},
	{"mina", "Mina Haugen", "candidate", "of the exam crew, has shifts"},
	{"emil", "Emil Strand", "candidate", "of the exam crew, has shifts"},
	{"petter", "Petter Vik", "candidate", "applied as evening invigilator, was declined"},
}

// candidate is one of the demo's 77.
type candidate struct {
	id           string // external id, also the place in the hall
	given        string
	family       string
	login        string // "" for most
	room, seat   string
	extra        int // minutes
	tags         []string
	alsoAdvanced bool // sits the second test too
}

// yours are the two candidates that the demo leaves for you to sign in as.
var yours = map[string]string{"A-014": "sara", "B-003": "ola"}

// names are given | family, one candidate a line, in the order of seats: 36 in
// Hall A, 29 in Hall B, 12 in Room 204.
const names = `Aaliyah|Abdi
Adaeze|Okonkwo
Agnieszka|Wiśniewska
Ahmed|El-Sayed
Aino|Virtanen
Alejandro|Gutiérrez Fernández
Amélie|Dubois
Anaïs|Lefèvre
Anders|Østergaard
Aoife|Ní Bhriain
Astrid|Åkesson
Bảo|Nguyễn Hoàng
Beatriz|Santos Oliveira
Sara|Amin
Bjørn|Dahl
Bronisław|Kowalczyk
Catarina|Figueiredo
Chiamaka|Eze
Daniel|Müller
Dimitra|Papadopoulou
Đorđe|Petrović
Elif|Yıldırım
Emily|Carter
Emre|Çelik
Fatou|Diallo
Finn|Jensen
Gabriella|Rossi
Giorgi|Kapanadze
Guðrún|Sigurðardóttir
Hana|Nováková
Haruka|Yamamoto
Hye-jin|Kim
Ibrahim|Traoré
Ilse|van der Westhuizen
Imogen|Fairweather
Ivana|Horvat
Jakub|Zieliński
Jin|Wang
Ola|Berg
Kateryna|Shevchenko
Kavya|Subramanian
Khanyisile|Dlamini
Kwame|Mensah
Lars|Pettersson
Leilani|Kealoha
Lucía|Rodríguez de la Fuente
Maja|Kovač
Malik|Hassan
Maria-Magdalena|von Hohenstein-Schillingsfürst
Mateo|Vargas
Māris|Bērziņš
Nadia|Rahman
Ngozi|Adichie
Niamh|O’Sullivan
Noor|de Vries
Olena|Бондаренко
Omar|Farouk
Paweł|Dąbrowski
Petra|Svobodová
Priya|Raghunathan
Quang|Trần Đức
Rasmus|Kjær
Rosalind|Ashworth-Montgomery
Saoirse|Kelly
Siiri|Tamm
مريم|العلي
يوسف|حداد
נועה|לוי
Sofía|Núñez
Sven|Lindström
Tanvi|Deshpande
Thandiwe|Nkosi
Themistoklis|Papaconstantinopoulos
Uchenna|Obi
陈|静怡
Yusuf|Demir
Zoë|Vermeulen`

// candidates lays the names out over the three rooms.
func candidates() []candidate {
	rooms := []struct {
		name, prefix string
		seats        int
	}{{"Hall A", "A", 36}, {"Hall B", "B", 29}, {"Room 204", "C", 12}}
	lines := strings.Split(names, "\n")
	var out []candidate
	for _, room := range rooms {
		for seat := 1; seat <= room.seats; seat++ {
			given, family, _ := strings.Cut(lines[len(out)], "|")
			c := candidate{id: fmt.Sprintf("%s-%03d", room.prefix, seat), given: given, family: family, room: room.name, seat: fmt.Sprintf("%s%02d", room.prefix, seat)}
			c.login = yours[c.id]
			switch {
			case room.prefix == "C": // the room for those who need more time
				c.extra, c.tags = 30, []string{"extra time"}
				if seat%4 == 0 {
					c.extra, c.tags = 60, []string{"extra time", "reader"}
				}
			case seat%11 == 3:
				c.extra, c.tags = 15, []string{"extra time"}
			case seat%9 == 5:
				c.tags = []string{"laptop on loan"}
			}
			c.alsoAdvanced = len(out)%6 == 1
			out = append(out, c)
		}
	}
	return out
}
