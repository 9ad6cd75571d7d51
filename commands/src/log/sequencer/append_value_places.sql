select head.place as head,
       array(select id from stock) as rewards, array(select place from stock) as reward_places,
       array(select id from budget) as campaigns, array(select place from budget) as campaign_places,
       array(select number from spent) as spent, array(select place from spent) as spent_places
from head
