package domain

import (
	"slices"
	"testing"

	"crier/internal/fault"
)

// The whole matrix, written out a second time: who may do what, and how far. A dash
// is "not at all". A change of permission.go that nobody meant fails here.
func TestPermissionMatrix(t *testing.T) {
	roles := []Role{RoleAdmin, RolePlanner, RoleChiefInvigilator, RoleInvigilator, RoleCoordinator, RoleCandidate, RoleIntegration, RoleSystem}
	const none, self, rooms, exams, all = ReachNone, ReachSelf, ReachRooms, ReachExams, ReachOrganisation
	matrix := map[Action][8]Reach{
		//                 admin  plan  chief  invig  coord candi integ system
		ActExamView:      {all, all, exams, rooms, none, none, all, all},
		ActBroadcastSend: {none, all, exams, rooms, none, none, all, none},
		ActBroadcastView: {all, all, exams, rooms, exams, none, all, all},
		ActRecordView:    {all, all, exams, rooms, exams, none, all, all},
		ActRecordAll:     {all, all, none, none, none, none, all, all},
		ActProvision:     {all, none, none, none, none, none, all, all},
		ActStaffManage:   {all, none, none, none, none, none, all, all},
		ActTicketsMake:   {all, none, none, none, none, none, all, all},
		ActPeopleManage:  {all, none, none, none, none, none, all, all},
		ActInboxRead:     {none, none, none, none, none, self, none, none},
		ActReceiptWrite:  {none, none, none, none, none, self, none, none},
		ActSocketOpen:    {self, self, self, self, self, self, none, none},

		ActConversationView:   {all, all, exams, rooms, exams, none, all, all},
		ActConversationSend:   {all, all, exams, rooms, exams, none, all, none},
		ActConversationWork:   {all, all, exams, rooms, exams, none, none, none},
		ActConversationExport: {all, all, none, none, exams, none, none, none},
		ActPeopleView:         {all, all, exams, rooms, exams, none, all, all},
		ActAssignmentManage:   {all, all, none, none, exams, none, all, none},
		ActGroupManage:        {all, all, exams, none, exams, none, all, none},
		ActTeamChat:           {all, all, exams, exams, exams, none, none, none},
		ActCannedShare:        {all, all, none, none, all, none, none, none},
		ActSettingsManage:     {all, none, none, none, none, none, all, all},
		ActDeliveryManage:     {all, all, none, none, exams, none, none, none},
		ActDeliveryAll:        {all, all, none, none, none, none, none, none},
		ActConsentManage:      {all, all, none, none, exams, none, all, none},
		ActContactView:        {all, all, none, none, exams, none, all, all},
		ActReplySend:          {none, none, none, none, none, self, none, none},
		ActScheduleView:       {none, none, none, none, none, self, none, none},
	}
	if len(matrix) != len(Actions) {
		t.Fatalf("%d actions in the matrix, %d exist", len(matrix), len(Actions))
	}
	for action, row := range matrix {
		for i, role := range roles {
			if got := ReachOf(role, action); got != row[i] {
				t.Errorf("%s by %s reaches %d, want %d", action, role, got, row[i])
			}
			a := Actor{Role: role, Rights: Rights}
			if may := a.May(action) == nil; may != (row[i] > none) {
				t.Errorf("%s by %s: May says %v", action, role, may)
			}
			if listed := slices.Contains(Permissions(role), action); listed != (row[i] > none) {
				t.Errorf("%s by %s: listed %v", action, role, listed)
			}
		}
	}
	for _, unknown := range []Role{"", "root", "Admin"} {
		if len(Permissions(unknown)) != 0 {
			t.Errorf("the role %q may %v", unknown, Permissions(unknown))
		}
	}
}

// What an API key may do with each right alone, written out a second time.
func TestRights(t *testing.T) {
	of := map[Right][]Action{
		RightProvision: {ActAssignmentManage, ActConsentManage, ActGroupManage, ActProvision},
		RightStaff:     {ActStaffManage},
		RightTickets:   {ActTicketsMake},
		RightSend:      {ActBroadcastSend, ActConversationSend},
		RightRead:      {ActBroadcastView, ActContactView, ActConversationView, ActPeopleView, ActRecordAll, ActRecordView, ActExamView},
		RightSettings:  {ActSettingsManage},
		RightSessions:  {ActPeopleManage},
	}
	if len(of) != len(Rights) {
		t.Fatalf("%d rights in the test, %d exist", len(of), len(Rights))
	}
	for right, want := range of {
		key := Actor{Kind: ActorAPIKey, Role: RoleIntegration, Rights: []Right{right}}
		for _, action := range Actions {
			may := slices.Contains(want, action)
			if err := key.May(action); may != (err == nil) || err != nil && fault.CodeOf(err) != fault.Forbidden {
				t.Errorf("%s with the right %s: %v, want allowed %v", action, right, err, may)
			}
			if _, _, err := key.Rooms(action, "any"); may != (err == nil) {
				t.Errorf("rooms of %s with the right %s: %v", action, right, err)
			}
			if _, err := key.Seen(action); may != (err == nil) {
				t.Errorf("seen of %s with the right %s: %v", action, right, err)
			}
			if listed := slices.Contains(key.Permissions(), action); listed != may {
				t.Errorf("%s with the right %s: listed %v", action, right, listed)
			}
		}
	}
	for _, action := range Actions {
		if (Actor{Role: RoleIntegration}).May(action) == nil {
			t.Errorf("a key without rights may do %s", action)
		}
		// Rights widen nobody's role.
		if (Actor{Role: RoleCandidate, Rights: Rights}).Reach(action) != ReachOf(RoleCandidate, action) {
			t.Errorf("%s by a candidate with rights", action)
		}
	}
	if got, err := CheckRights("rights", []Right{RightRead, RightProvision, RightRead}); err != nil || !slices.Equal(got, []Right{RightProvision, RightRead}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, wrong := range [][]Right{nil, {"root"}, {RightRead, ""}} {
		if _, err := CheckRights("rights", wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}

// What each reach means, with every kind of scope.
func TestReachOfScopes(t *testing.T) {
	scopes := []Scope{{Exam: "wide"}, {Exam: "narrow", Room: "B"}, {Exam: "narrow", Room: "A"}, {Exam: "both", Room: "A"}, {Exam: "both"}}
	type want struct {
		all   bool
		rooms []string
		code  fault.Code
	}
	whole, gone := want{all: true}, want{code: fault.NotFound}
	for role, by := range map[Role]map[ExamID]want{
		RolePlanner:          {"wide": whole, "narrow": whole, "both": whole, "other": whole},
		RoleIntegration:      {"wide": whole, "narrow": whole, "both": whole, "other": whole},
		RoleChiefInvigilator: {"wide": whole, "narrow": whole, "both": whole, "other": gone},
		RoleInvigilator:      {"wide": whole, "narrow": {rooms: []string{"A", "B"}}, "both": whole, "other": gone},
		RoleCoordinator:      {"wide": {code: fault.Forbidden}, "other": {code: fault.Forbidden}},
		RoleCandidate:        {"wide": {code: fault.Forbidden}, "other": {code: fault.Forbidden}},
		RoleAdmin:            {"wide": {code: fault.Forbidden}}, // admins do not send
	} {
		for exam, w := range by {
			all, rooms, err := Actor{Role: role, Scopes: scopes, Rights: Rights}.Rooms(ActBroadcastSend, exam)
			if all != w.all || !slices.Equal(rooms, w.rooms) || fault.CodeOf(err) != w.code {
				t.Errorf("%s in %s: %v %v %v, want %+v", role, exam, all, rooms, err, w)
			}
		}
	}
	all, exams, err := Actor{Role: RoleInvigilator, Scopes: scopes}.Exams(ActExamView)
	if all || err != nil || !slices.Equal(exams, []ExamID{"wide", "narrow", "both"}) {
		t.Errorf("%v %v %v", all, exams, err)
	}
	if all, exams, err = (Actor{Role: RoleInvigilator}).Exams(ActExamView); all || len(exams) != 0 || err != nil {
		t.Errorf("without scopes: %v %v %v", all, exams, err)
	}
	// A candidate's own actions never reach a test, even with scopes.
	if all, rooms, err := (Actor{Role: RoleCandidate, Scopes: scopes}).Rooms(ActInboxRead, "wide"); all || len(rooms) != 0 || err != nil {
		t.Errorf("a candidate's inbox reaches %v %v %v", all, rooms, err)
	}
}
