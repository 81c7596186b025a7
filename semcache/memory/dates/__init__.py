"""What people say of time: phrases in what they tell, dates and states in what they ask (pure)."""
