package roster

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
)

func importer() *Service {
	return New(Deps{Clock: clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)), Limits: domain.DefaultLimits})
}

func parse(t *testing.T, s *Service, text string) ([]domain.PersonSpec, []domain.ExamSpec, []domain.EnrolmentSpec, error) {
	t.Helper()
	rows, _, err := readRoster(strings.NewReader(text), s.Limits.Import)
	if err != nil {
		return nil, nil, nil, err
	}
	p, e, n, _, err := s.roster(rows)
	return p, e, n, err
}

func TestRosterForms(t *testing.T) {
	for name, text := range map[string]string{
		"plain":            "test_id,test_name,candidate_id,given_name,family_name,room,seat,extra_minutes,tags\nM1,Maths,c1,Åse,\"Berg, jr\",A,A-1,30,quiet;reader\n",
		"byte order mark":  "\xef\xbb\xbftest_id,test_name,candidate_id,given_name,family_name,room,seat,extra_minutes,tags\r\nM1,Maths,c1,Åse,\"Berg, jr\",A,A-1,30,quiet|reader\r\n",
		"other order":      "Seat;Room;extra_minutes;candidate_id;test_id;test_name;family_name;given_name;tags\nA-1;A;30;c1;M1;Maths;Berg, jr;Åse;quiet|reader\n",
		"spaces and caps":  " TEST_ID , test_name,candidate_id,given_name,family_name,room,seat,extra_minutes,tags\nM1 ,Maths, c1,Åse,\"Berg, jr\",A,A-1, 30 ,quiet; reader\n",
		"no last new line": "test_id,test_name,candidate_id,given_name,family_name,room,seat,extra_minutes,tags\nM1,Maths,c1,Åse,\"Berg, jr\",A,A-1,30,quiet;reader",
	} {
		t.Run(name, func(t *testing.T) {
			people, exams, enrolments, err := parse(t, importer(), text)
			if err != nil {
				t.Fatal(err)
			}
			if len(people) != 1 || people[0].ExternalID != "c1" || people[0].GivenName != "Åse" || people[0].FamilyName != "Berg, jr" || strings.Join(*people[0].Tags, "+") != "quiet+reader" {
				t.Errorf("people: %+v", people)
			}
			if len(exams) != 1 || exams[0].ExternalID != "M1" || *exams[0].Name != "Maths" {
				t.Errorf("tests: %+v", exams)
			}
			if len(enrolments) != 1 || *enrolments[0].Seat != "A-1" || *enrolments[0].Room != "A" || *enrolments[0].ExtraMinutes != 30 {
				t.Errorf("enrolments: %+v", enrolments)
			}
		})
	}
}

func TestRosterFaults(t *testing.T) {
	const head = "test_id,candidate_id,given_name,seat,extra_minutes\n"
	for name, c := range map[string]struct{ text, field string }{
		"unknown column":         {"test_id,candidate_id,shoe\n", "row 1, column shoe"},
		"column twice":           {"test_id,candidate_id,seat,seat\n", "row 1, column seat"},
		"missing column":         {"test_id,given_name\n", "row 1, column candidate_id"},
		"too few cells":          {head + "M1,c1\n", "row 2"},
		"unfinished quote":       {head + "M1,\"c1,A,1,0\n", "row 2"},
		"minutes are no number":  {head + "M1,c1,A,1,ten\n", "row 2, column extra_minutes"},
		"minutes below zero":     {head + "M1,c1,A,1,0\nM1,c2,B,2,-1\n", "row 3, column extra_minutes"},
		"candidate missing":      {head + "M1,,A,1,0\n", "row 2, column candidate_id"},
		"test missing":           {head + ",c1,A,1,0\n", "row 2, column test_id"},
		"name missing":           {head + "M1,c1,,1,0\n", "row 2, column given_name"},
		"twice":                  {head + "M1,c1,A,1,0\nM1,c1,A,2,0\n", "row 3, column candidate_id"},
		"two names of one":       {head + "M1,c1,A,1,0\nM2,c1,B,2,0\n", "row 3, column given_name"},
		"not UTF-8":              {head + "M1,c1,\xff,1,0\n", "row 2"},
		"NUL":                    {head + "M1,c1,A,\x00,0\n", "row 2, column seat"},
		"line counts over lines": {head + "M1,c1,\"A\nB\",1,0\n", "row 2, column given_name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, err := parse(t, importer(), c.text)
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v", err)
			}
			for _, d := range fault.Public(err).Details {
				if d.Field == c.field && d.Message != "" {
					return
				}
			}
			t.Errorf("no detail for %q in %+v", c.field, fault.Public(err).Details)
		})
	}
	s := importer()
	s.Limits.Import = 2
	if _, _, _, err := parse(t, s, head+"M1,c1,A,1,0\nM1,c2,A,2,0\n"); err != nil {
		t.Errorf("as many rows as may be: %v", err)
	}
	if _, _, _, err := parse(t, s, head+"M1,c1,A,1,0\nM1,c2,A,2,0\nM1,c3,A,3,0\n"); !fault.Is(err, fault.TooLarge) || fault.Public(err).Limit != 2 {
		t.Errorf("one row too many: %v", err)
	}
}

func FuzzRoster(f *testing.F) {
	f.Add([]byte("test_id,candidate_id,given_name\nM1,c1,A\n"))
	f.Add([]byte("\xef\xbb\xbftest_id;candidate_id;extra_minutes;tags\nM1;c1;5;a|b\n"))
	f.Add([]byte("test_id,candidate_id\n\"M1,c1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := importer()
		rows, _, err := readRoster(bytes.NewReader(b), 100)
		if err == nil {
			var people []domain.PersonSpec
			var enrolments []domain.EnrolmentSpec
			people, _, enrolments, _, err = s.roster(rows)
			if err == nil && (len(people) == 0 || len(enrolments) != len(rows)) {
				t.Errorf("%d rows became %d people and %d enrolments", len(rows), len(people), len(enrolments))
			}
		}
		if err != nil && fault.CodeOf(err) == fault.Internal {
			t.Errorf("a fault of the roster is not named: %v", err)
		}
	})
}
