ui-overview-waiting = Waiting for a decision
